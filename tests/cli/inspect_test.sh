# kt inspect: forms, answers, exit codes; what it says of whole bodies.
kt="$KT_BUILDDIR/kt"
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
n=0
bad=0

report() { # report HOLDS SENTENCE
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		bad=1
		echo "not ok $n - $2"
		cat "$out/o" "$out/e" | sed 's/^/# /'
	fi
}

# gives WANTED-EXIT SENTENCE INPUT argument... - and leaves the answer in $out/o
gives() {
	want=$1 sentence=$2 input=$3
	shift 3
	printf '%s' "$input" | "$kt" inspect "$@" >"$out/o" 2>"$out/e"
	got=$?
	[ $got -eq "$want" ]
	report $? "$sentence: exits $want (got $got)"
}

# says SENTENCE LINE - the answer is that line, exactly.
says() {
	printf '%s\n' "$2" | cmp -s - "$out/o"
	report $? "$1"
}

card='4111 1111 1111 1111'

gives 0 'a clean text' 'hello' --json
says 'a clean text has no findings' '{"id":null,"decision":"pass","data_class":"none","data_classes":[],"reason_codes":[],"findings":[]}'

gives 1 'a card' "é: $card." -o json --redacted
says 'a finding has the members promised, in bytes' '{"id":null,"decision":"redact","data_class":"pci","data_classes":["pci"],"reason_codes":["prompt.pci.detected"],"findings":[{"detector":"credit-card","class":"pci","entity":"CREDIT_CARD","start":4,"end":23,"confidence":0.98}],"redacted":"é: [CREDIT_CARD]."}'
gives 1 'a card behind backslashes' "C:\\new\\tmp $card" --json --redacted
grep -q '"start":11,"end":30,.*"redacted":"C:\\\\new\\\\tmp \[CREDIT_CARD\]"' "$out/o"
report $? 'what is no JSON has no escapes: the card is redacted, not its neighbours'

gives 1 'a card for people' "one
my $card"
grep -q '^redact: prompt.pci.detected, .*; decided by pii-detector$' "$out/o" &&
	grep -q '^  2:4  bytes 7-26  CREDIT_CARD .* redact by pii-detector$' "$out/o"
report $? 'people are told the verdict, the rule and the place'
! grep -q "$(printf '\033')" "$out/o"
report $? 'there is no colour where there is no terminal'

gives 1 'a card in the system prompt' "$card" --component system --json
grep -q '"reason_codes":\["system.pci.detected"\]' "$out/o"
report $? 'the component decides the reason'

gives 3 'a batch with a bad line' '{"id":7,"text":"4111 1111 1111 \u0031111"}

{"text":"ok"}
{"id":
{"id":"a","component":"tool_result","text":"GB82WEST12345698765432"}' --as jsonl
[ "$(grep -c '"decision"' "$out/o")" -eq 4 ] &&
	sed -n 1p "$out/o" | grep -q '^{"id":7,.*"start":0,"end":19,' &&
	sed -n 2p "$out/o" | grep -q '^{"id":null,"decision":"pass"' &&
	sed -n 3p "$out/o" | grep -q '^{"id":null,"decision":"error"' &&
	sed -n 4p "$out/o" | grep -q '^{"id":"a",.*"tool.pii.detected"'
report $? 'each line gets its answer, in order, by its id'
grep -q '^kt: standard input:4: ' "$out/e"
report $? 'the bad line is named'
gives 1 'a batch with a byte order mark' "$(printf '\357\273\277{"text":"%s"}' "$card")" --as jsonl

body='{"model":"m","max_tokens":9,"system":"S","messages":[{"role":"user","content":[
 {"type":"text","text":"\u00e9 4111\u00201111 1111 1111"},
 {"type":"image","source":{"type":"url","url":"https://x.test/y.png"}}]}]}'
gives 1 'a body' "$body" --as messages --json --redacted
grep -q '"start":111,"end":135,.*"component":"messages","pointer":"/messages/0/content/0/text"' "$out/o"
report $? 'a finding in a body has its pointer and the bytes of the body'
grep -q '"detector":"uninspectable",.*"pointer":"/messages/0/content/1/source/url"' "$out/o"
report $? 'what cannot be looked into is a finding'
grep -q '"data_class_components":{"system":"none","messages":"pci",' "$out/o"
report $? 'each component has its class'
gives 0 'a clean answer' '{"id":"m","type":"message","role":"assistant","content":[{"type":"text","text":"hi"}]}' --as messages --answer
gives 1 'a card in an answer' "{\"content\":[{\"type\":\"text\",\"text\":\"$card\"}]}" --as messages --answer --json
grep -q '"reason_codes":\["completion.pci.detected"\]' "$out/o"
report $? 'an answer is a completion'

printf '%s' "my $card" >"$out/f"
"$kt" inspect --json "$out/f" >"$out/o" 2>"$out/e"
[ $? -eq 1 ] && grep -q '"start":3' "$out/o"
report $? 'a file is read as well'
cat >"$out/block.yaml" <<'END'
pack: {name: block}
policies: {chain: [pii-detector]}
policy: {pii-detector: {action: block}}
providers: {targets: [{id: a, provider: offline}]}
END
gives 1 'a policy that blocks' "$card" --policy-config "$out/block.yaml" --json --redacted
grep -q '"decision":"block".*"redacted":null' "$out/o"
report $? 'of what is blocked nothing goes on'

cat >"$out/back.yaml" <<'END'
pack: {name: t, version: 1.0.0, enabled: true}
policies: {chain: [reversible-redaction]}
providers: {targets: [{id: a, provider: offline}]}
END
gives 1 'values that come back' '{"id":"1","text":"4111 1111 1111 1111, 5555 5555 5555 4444"}
{"id":"2","text":"a card 5555 5555 5555 4444"}' --as jsonl --redacted --policy-config "$out/back.yaml"
grep -q '"redacted":"\[\[CARD_001\]\], \[\[CARD_002\]\]"' "$out/o" &&
grep -q '"redacted":"a card \[\[CARD_001\]\]"' "$out/o"
report $? 'tokens are numbered in each text anew'

gives 2 'an unknown form' '' --as pdf
gives 2 'an unknown component' '' --component x
gives 2 'a component of a body' '{}' --as messages --component system
gives 2 'an answer that is no body' 'x' --answer
gives 2 'an answer of lines' '{"text":"x"}' --as jsonl --answer
gives 2 'two files' '' a b
gives 3 'a file that is not there' '' "$out/none"
gives 3 'a body that is no JSON' '{' --as messages
gives 3 'a text that is not UTF-8' "$(printf '\377')"
gives 3 'a configuration with mistakes' x --policy-config "$out/f"
printf x | "$kt" inspect >/dev/full 2>"$out/e"
[ $? -eq 3 ]
report $? 'an answer that cannot be written is not a yes'

# Lines across the pieces in which they are read.
awk 'BEGIN { for (i = 0; i < 3000; i++) printf "{\"id\":%d,\"text\":\"%0" i % 97 "d a@example.com\"}\n", i, 0 }' |
	"$kt" inspect --as jsonl >"$out/o" 2>"$out/e"
[ "$(wc -l <"$out/o")" -eq 3000 ] && [ "$(grep -c EMAIL_ADDRESS "$out/o")" -eq 3000 ]
report $? 'a long batch loses no line'

echo "1..$n"
exit $bad
