# kt policy lint: what goes in, what comes out, and how it ends.
. "$KT_SRCDIR/tests/lib/tap.sh"
lint="$kt policy lint"
cat >"$out/good.yaml" <<'END'
pack: {name: good}
policies: {chain: [audit-logger]}
providers: {targets: [{id: a, provider: offline}]}
END
cat >"$out/warn.yaml" <<'END'
pack: {name: warn}
gateway:
  block_status: 503
policies: {chain: [audit-logger]}
providers: {targets: [{id: a, provider: offline}]}
END
cat >"$out/bad.yaml" <<'END'
pack: {name: bad}
gateway:
  lisen: "127.0.0.1:8080"   
  fail_mode: allow
policies: {chain: [audit-logger]}
providers:
  targets:
    - id: a
      provider: anthropic
      secret_key_ref: sk-ant-hunter2
END

# ends WANTED argument... - the exit code; output in $out/o, $out/e.
ends() {
	want=$1
	shift
	$lint "$@" >"$out/o" 2>"$out/e" </dev/null
	got=$?
	cat "$out/o" "$out/e" >"$out/why"
	[ $got -eq "$want" ]
	claim "kt policy lint $(echo "$*" | sed "s|$out/||g") exits $want" $?
}
# says TEXT SENTENCE
says() {
	grep -qF -- "$1" "$out/o" || cat "$out/o" >"$out/why"
	grep -qF -- "$1" "$out/o"
	claim "$2" $?
}

ends 0 "$out/good.yaml"
ends 0 "$out/warn.yaml"
ends 1 --fail-level warning "$out/warn.yaml"
ends 0 --fail-level never "$out/bad.yaml"
ends 1 "$out/bad.yaml"
says "$out/bad.yaml:3:3: error: unknown key 'lisen' in gateway [KT102]" \
	'a mistake has its place'
says 'did you mean' 'and what was probably meant'
says 'fail_mode: allow' 'what is weak is told beside what is wrong'
! grep -q hunter2 "$out/o" "$out/e"
claim 'no secret is repeated' $?
ends 2 --preset none
ends 2 --select KT999
ends 2 -o xml
ends 2 --policy-config "$out/good.yaml" "$out/good.yaml"
ends 3 "$out/none.yaml"
ends 3 --baseline "$out/none.json" "$out/good.yaml"
ends 3 -o "json:$out/none/x.json" "$out/good.yaml"
$lint "$out/bad.yaml" >/dev/full 2>"$out/why"
[ $? -eq 3 ]
claim 'a full disk is not a whole answer' $?
ends 0 "$out"/good.yaml "$out"/warn.yaml
ends 1 "$out"
ends 0 --select KT101 "$out/warn.yaml"
ends 0 --ignore KT4 --fail-level warning "$out/warn.yaml"
printf 'pack: {name: x}\n' | $lint --stdin-filename a/b.yaml -o short - >"$out/o"
says 'a/b.yaml:1:1: error:' 'standard input has the name given'
ends 1 --policy-config "$out/good.yaml" --policy-config "$out/bad.yaml"

# Formats, each checked by its grammar.
for name in bad good warn; do
	$lint -o "sarif:$out/$name.sarif" -o "junit:$out/$name.xml" \
		-o "gitlab:$out/$name.gl" -o "json:$out/$name.json" \
		-o "tap:$out/$name.tap" -o "github:$out/$name.gh" \
		-o "markdown:$out/$name.md" "$out/$name.yaml" >"$out/o" 2>&1
	[ ! -s "$out/o" ] && python3 "$KT_SRCDIR/tests/cli/formats.py" \
		"$out/$name" >"$out/why" 2>&1
	claim "every format of $name.yaml is in its grammar" $?
done

odd="$out/$(printf 'o<\001\377\303\266\033')"
cp "$out/bad.yaml" "$odd.yaml"
$lint -o "junit:$out/odd.xml" "$odd.yaml" 2>"$out/why"
python3 -c 'import sys, xml.etree.ElementTree as e
name = e.parse(sys.argv[1]).find("testsuite").get("name")
assert name.endswith("o<??\u00f6?.yaml"), ascii(name)' \
	"$out/odd.xml" 2>>"$out/why"
claim 'what XML cannot say of a name is replaced' $?
rm "$odd.yaml"

sed 's|^policies|webhooks: [{url: "http://hooks.example.org/T0/hunter2"}]\n&|' \
	"$out/good.yaml" >"$out/hook.yaml"
$lint "$out/hook.yaml" >"$out/o" 2>&1
says "events to 'http://hooks.example.org' are not signed" \
	'of a URL only the host is shown'
! grep -q hunter2 "$out/o"
claim 'and its path is in no excerpt' $?

# Mending.
cat >"$out/m.yaml" <<'END'
pack: {name: bad}
gateway:
  fail_mode: alow   
policies: {chain: [audit-logger]}
providers: {targets: [{id: a, provider: offline}]}
END
cp "$out/m.yaml" "$out/was.yaml"
$lint --diff --fix=unsafe "$out/m.yaml" >"$out/patch" 2>"$out/why"
cmp -s "$out/m.yaml" "$out/was.yaml"
claim '--diff changes nothing' $?
cp "$out/m.yaml" "$out/k.yaml"
sed -i 's/fail_mode: alow *$/fail_mod: block/' "$out/k.yaml"
$lint --diff --fix=unsafe "$out/k.yaml" >"$out/why" 2>&1
grep -q '^+  fail_mode: block$' "$out/why"
claim 'a patch mends a key whose value cannot be a secret' $?
sed -i 's/fail_mod: block/fail_mod: hunter2/' "$out/k.yaml"
$lint --diff --fix=unsafe "$out/k.yaml" >"$out/why" 2>&1
! grep -q hunter2 "$out/why"
claim 'and shows no other value' $?
(cd / && patch -s -p1 "$out/was.yaml" "$out/patch") >"$out/why" 2>&1
$lint --fix "$out/m.yaml" >/dev/null 2>&1
grep -q '^  fail_mode: alow$' "$out/m.yaml"
claim '--fix alone keeps to what cannot change the meaning' $?
$lint --fix=unsafe "$out/m.yaml" >/dev/null 2>&1
cmp "$out/m.yaml" "$out/was.yaml" >"$out/why" 2>&1
claim 'the patch of --diff does what --fix does' $?
$lint --diff --fix=unsafe "$out/bad.yaml" >"$out/o" 2>"$out/e"
[ ! -s "$out/o" ] && grep -q 'may be a secret' "$out/e"
claim 'no patch shows the lines of a file with a secret' $?

# What the user's folder holds besides is not touched.
cp "$out/was.yaml" "$out/m.yaml" && sed -i 's/fail_mode: .*/&   /' "$out/m.yaml"
chmod 640 "$out/m.yaml" && ln -s m.yaml "$out/l.yaml"
for end in l.yaml m.yaml b.json r.json; do
	echo mine >"$out/$end.tmp"
done
$lint --fix -o "json:$out/r.json" "$out/l.yaml"
$lint --write-baseline "$out/b.json" "$out/l.yaml"
printf '\n\n\n' >>"$out/m.yaml"
"$kt" policy fmt "$out/l.yaml"
stat -c '%a %F' "$out/m.yaml" "$out/l.yaml" >"$out/why"
! grep -q ' $' "$out/m.yaml" && [ -n "$(tail -n 1 "$out/m.yaml")" ] &&
	[ "$(stat -c %a "$out/m.yaml")" = 640 ] && [ -h "$out/l.yaml" ] &&
	[ "$(cat "$out"/*.tmp | sort -u)" = mine ]
claim 'a file keeps its mode, a link stays one, FILE.tmp is not ours' $?
rm "$out/l.yaml" && mkfifo "$out/pipe"
timeout 10 cat "$out/pipe" >"$out/o" &
$lint -o "json:$out/pipe" "$out/good.yaml" && wait $! && [ -p "$out/pipe" ] &&
	[ -s "$out/o" ]
claim 'a pipe is written into' $?
rm "$out/pipe"
$lint -o json:/dev/fd/1 "$out/good.yaml" 2>"$out/why" | grep -q '^{'
claim 'and so is a descriptor' $?

# Baselines.
$lint --write-baseline "$out/base.json" "$out/bad.yaml"
claim 'a baseline is written' $?
ends 0 --baseline "$out/base.json" "$out/bad.yaml"
sed -i '1i # a line more' "$out/bad.yaml"
ends 0 --baseline "$out/base.json" "$out/bad.yaml"
sed -i 's/fail_mode: allow/fail_mode: block/' "$out/bad.yaml"
ends 0 --baseline "$out/base.json" "$out/bad.yaml"
says '[KT908]' 'what the baseline has and the file has not is told'
sed -i 's/fail_mode: block/drain_seconds: x/' "$out/bad.yaml"
ends 1 --baseline "$out/base.json" "$out/bad.yaml"

# Only what was changed.
if command -v git >/dev/null; then
	mkdir "$out/repo" && (
		cd "$out/repo" && export HOME="$out" GIT_CONFIG_NOSYSTEM=1 &&
		git init -q . && cp "$out/warn.yaml" w.yaml && git add . &&
		git -c user.name=t -c user.email=t@t commit -qm t
	) >"$out/why" 2>&1
	ends 0 --fail-level warning --changed-since HEAD "$out/repo/w.yaml"
	sed -i 's/503/504/' "$out/repo/w.yaml"
	ends 1 --fail-level warning --changed-since HEAD "$out/repo/w.yaml"
	ends 3 --changed-since none "$out/repo/w.yaml"
	cp "$out/warn.yaml" "$out/repo/new.yaml"
	ends 1 --fail-level warning --changed-since HEAD "$out/repo/new.yaml"
else
	skip 'only what was changed' 'no git'
fi

# Shipped packs and the shapes that users have.
$lint --fail-level warning "$KT_SRCDIR"/policies/*.yaml >"$out/why" 2>&1
claim 'nothing is wrong with the shipped packs' $?
# Files of one's own: what the gateway would refuse of them is told.
cat >"$out/own.yaml" <<'END'
detectors:
  - id: badge
    entity: BADGE
    group: pii
    class: pii
    pattern: '\bBDG-[0-9]{6}\b'
    examples: [BDG-123456]
    counter_examples: [BDG-1]
END
sed 's/entity:/entty:/' "$out/own.yaml" >"$out/odd.yaml"
sed "s/pattern:.*/pattern: '(a|b)\\\\1'/" "$out/own.yaml" >"$out/back.yaml"
# own FILE ENTITY: a configuration that names both
own() {
	cat >"$out/c.yaml" <<END
pack: {name: x}
policies: {chain: [pii-detector, audit-logger], detectors: [$1]}
policy: {pii-detector: {action: redact, entities: [$2]}}
providers: {targets: [{id: a, provider: anthropic}]}
END
	$lint --preset relaxed -o short "$out/c.yaml" >"$out/why" 2>&1
}
own own.yaml BADGE
claim 'what a file of detectors defines can be named' $?
refuses() {
	own "$1" "$2"
	[ $? -eq 1 ] && grep -qF "$3" "$out/why" &&
		[ "$(wc -l <"$out/why")" -eq 1 ]
	claim "$4" $?
}
refuses own.yaml BADGR \
	"c.yaml:3:52: error: no detector, group or entity is called 'BADGR' [KT201]" \
	'what it does not define cannot'
refuses none.yaml BADGE 'none.yaml: cannot open' 'a file that is not there'
refuses odd.yaml BADGE "odd.yaml:3:5: unknown key 'entty'" \
	'a file with a mistake is told with its place'
refuses back.yaml BADGE \
	'detector badge: pattern: a back reference makes the cost unbounded' \
	'a pattern that does not compile'
$lint --fail-level warning "$KT_SRCDIR/policies/detectors" >"$out/why" 2>&1
claim 'nothing is wrong with the shipped detectors' $?
configs=$KT_SRCDIR/../shared/corpora/configs
if [ -d "$configs" ]; then
	$lint --fail-level warning "$configs"/[01]*.yaml >"$out/why" 2>&1
	claim 'nothing is wrong with configurations in use' $?
else
	skip 'nothing is wrong with configurations in use' 'no corpora'
fi

# kt policy fmt and diff
printf 'a: 1   \n\n\n#x\nb: 2\n' >"$out/f.yaml"
"$kt" policy fmt --check "$out/f.yaml" >"$out/o" 2>&1
[ $? -eq 1 ] && grep -q 'f.yaml' "$out/o"
claim '--check names a file that is not formatted' $?
"$kt" policy fmt - <"$out/f.yaml" >"$out/o" 2>&1
"$kt" policy fmt "$out/f.yaml" 2>"$out/why" && cmp "$out/o" "$out/f.yaml"
claim 'a file and standard input become the same' $?
printf 'a: 1\n\n# x\nb: 2\n' | cmp - "$out/f.yaml" >"$out/why" 2>&1
claim 'and that is the usual form' $?
"$kt" policy fmt --check "$out/f.yaml"
claim 'a formatted file is formatted' $?
printf 'a: [\n' >"$out/f.yaml"
"$kt" policy fmt "$out/f.yaml" 2>"$out/why"
[ $? -eq 1 ] && [ "$(cat "$out/f.yaml")" = 'a: [' ]
claim 'what is no YAML stays as it is' $?
"$kt" policy diff "$out/good.yaml" "$out/good.yaml" >"$out/why" 2>&1
claim 'a configuration does not differ from itself' $?
"$kt" policy diff "$out/good.yaml" "$out/warn.yaml" >"$out/o" 2>&1
[ $? -eq 1 ]
claim 'two that differ are exit 1' $?
says '-  block_status: 403' 'a default is compared like a value'
says '+  block_status: 503' 'and so is what replaces it'
"$kt" policy diff --json "$out/good.yaml" "$out/good.yaml" >"$out/o" 2>&1
[ $? -eq 0 ] && [ "$(cat "$out/o")" = '{"changes":[]}' ]
claim 'for scripts, no change is an empty list' $?
"$kt" policy diff --json "$out/good.yaml" "$out/warn.yaml" >"$out/o" 2>&1
[ $? -eq 1 ]
claim 'and changes are exit 1' $?
says '{"path":"/gateway/block_status","old":403,"new":503}' \
	'each with its place, and both values'
sed "s|targets|model_aliases: {'a\"/b': c}, targets|" "$out/good.yaml" \
	>"$out/f.yaml"
"$kt" policy diff --json "$out/f.yaml" "$out/f.yaml" >"$out/o" 2>&1
[ $? -eq 0 ] && [ "$(cat "$out/o")" = '{"changes":[]}' ]
claim 'a name with a quotation mark is itself on both sides' $?
"$kt" policy diff --json "$out/good.yaml" "$out/f.yaml" >"$out/o" 2>&1
says '{"path":"/providers/model_aliases/a\"~1b","new":"c"}' \
	'and its place is a pointer'
for order in 'x-a: "1", x-b: "2"' 'x-b: "2", x-a: "1"'; do
	mv "$out/g.yaml" "$out/f.yaml" 2>"$out/why"
	sed "s|offline|anthropic, headers: {$order}|" "$out/good.yaml" >"$out/g.yaml"
done
"$kt" policy diff "$out/f.yaml" "$out/g.yaml" >"$out/why" 2>&1 && [ ! -s "$out/why" ]
claim 'the order of keys is no difference' $?
"$kt" policy diff "$out/good.yaml" >"$out/o" 2>&1
[ $? -eq 2 ]
claim 'one file is a misuse' $?

ends 0 --list-rules
! grep -qv '^KT[0-9]* ' "$out/o"
claim 'the catalogue for people has nothing but codes' $?

# What keeps the gateway from starting is never a clean lint.
sed 's/^pack.*/& # kt:allow KT102 -- known/; s/name: /nam: /' "$out/good.yaml" >"$out/f.yaml"
ends 1 "$out/f.yaml"
says 'KT102' 'a comment does not allow what the gateway refuses'
{
	cat "$out/good.yaml"
	echo 'audit:'
	seq -f '  a%g: 1' 150
} >"$out/f.yaml"
ends 1 --all -o short "$out/f.yaml"
says '50 more mistakes are not told' 'of more mistakes than are kept, the number is told'
{
	sed 's/audit-logger/dlp-filter/' "$out/good.yaml"
	printf 'policy:\n  dlp-filter:\n    detect_patterns:\n'
	seq 1100 | sed 's/.*/      - {name: n&, pattern: "abc&d"}/'
} >"$out/f.yaml"
ends 1 --preset relaxed -o short "$out/f.yaml"
says "$out/f.yaml:5:3: error: policy dlp-filter: too many patterns" \
	'what only the compiler refuses is told at its policy'
"$kt" inspect --policy-config "$out/f.yaml" </dev/null >"$out/why" 2>&1
[ $? -eq 3 ]
claim 'and it is refused' $?
sed '/detect_patterns/,$d' "$out/f.yaml" >"$out/g.yaml"
echo '    blocked_terms: ["a term", ""]' >>"$out/g.yaml"
ends 1 --preset relaxed "$out/g.yaml"
says "$out/g.yaml:6:20: error: term 2 is empty" 'a term that is empty has its place'
echo '    detect_patterns: [{name: n, pattern: "ticket-[0-9]+"}]' >"$out/o"
sed '/blocked_terms/d' "$out/g.yaml" | cat - "$out/o" >"$out/f.yaml"
ends 1 --preset relaxed "$out/f.yaml"
says 'KT603' 'a pattern without bound is refused whatever the preset'

# Health data that is expected: who keeps it from targets without agreement.
health() {
	cat >"$out/h.yaml" <<END
pack: {name: h}
policies: {chain: [hipaa-phi-detector, audit-logger]}
policy: {phi-detector: {$1}}
providers: {targets: [{id: a, provider: anthropic}]}
END
	"$kt" policy lint -o short "$out/h.yaml" >"$out/o" 2>&1
	[ "$(grep -c 'KT429' "$out/o")" -eq "$2" ]
	claim "phi-detector {$1}: KT429 is told $2 times" $?
}
health 'action: flag' 0
health 'require_baa: false' 1
health 'mode: monitor' 1

# kt explain
"$kt" explain KT301 kt302 >"$out/o" 2>&1
claim 'a code is explained' $?
says 'KT302: overlaps' 'and so is a second one'
"$kt" explain pii-detector >"$out/o" 2>&1 &&
	grep -q '^pii-detector: ' "$out/o" && grep -q '^    action .*(redact)' "$out/o" &&
	grep -q '^    on_error .*(block)' "$out/o"
claim 'a kind of policy is explained with its settings and defaults' $?
"$kt" explain hipaa-phi-detector >"$out/o" 2>&1 &&
	grep -q '^phi-detector: .*health' "$out/o" &&
	grep -q 'below policy.phi-detector,' "$out/o" &&
	grep -q '^    require_baa .*(true)' "$out/o"
claim 'and so it is by its other name' $?
"$kt" explain pii-detectr >"$out/o" 2>&1
[ $? -eq 2 ] && grep -q "did you mean 'pii-detector'" "$out/o"
claim 'a kind of policy that is misspelt is guessed' $?
"$kt" explain KT31 >"$out/o" 2>&1
[ $? -eq 2 ] && grep -q "did you mean 'KT3" "$out/o"
claim 'a code that is not there is a misuse, with the nearest one' $?
finish
