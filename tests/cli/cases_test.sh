# kt policy test: the shipped packs keep what their cases say; how it ends.
. "$KT_SRCDIR/tests/lib/tap.sh"
try="$kt policy test"
packs=$KT_SRCDIR/policies

# ends WANTED argument...
ends() {
	want=$1
	shift
	$try "$@" >"$out/o" 2>"$out/e" </dev/null
	got=$?
	cat "$out/o" "$out/e" >"$out/why"
	[ $got -eq "$want" ]
	claim "kt policy test $(echo "$*" | sed "s|$out/||g;s|$packs/||g") exits $want" $?
}
# says TEXT SENTENCE
says() {
	cat "$out/o" "$out/e" >"$out/why"
	grep -qF -- "$1" "$out/o" "$out/e"
	claim "$2" $?
}

for pack in "$packs"/*.yaml; do
	case $pack in *_test.yaml) continue ;; esac
	name=$(basename "$pack" .yaml)
	[ -f "$packs/${name}_test.yaml" ]
	claim "$name has its cases beside it" $?
	ends 0 "$packs/${name}_test.yaml"
done

# Another way to write a part of that pack.
sed 's/- data-routing-policy/- hipaa-phi-detector/
	s/healthcare_mode: true/healthcare_mode: false/' \
	"$packs/healthcare-baa.yaml" >"$out/phi.yaml"
sed 's/\[block, block, block, pass\]/[block, block, pass, pass]/' \
	"$packs/healthcare-baa_test.yaml" >"$out/phi_test.yaml"
ends 0 --policy-config "$out/phi.yaml" "$out/phi_test.yaml"

cat >"$out/p.yaml" <<'END'
pack: {name: p}
policies: {chain: [secret-scanner, dlp-filter, audit-logger]}
policy:
  secret-scanner: {action: block}
  dlp-filter: {blocked_terms: [Falcon], action: block}
providers: {targets: [{id: a, provider: anthropic}]}
END
cat >"$out/p_test.yaml" <<'END'
cases:
  - name: the word is refused
    request: {user: "tell me about Falcon"}
    expect: {decision: block, policy: dlp-filter, status: 403, reason_code: prompt.term.detected}
  - name: by api and stream
    matrix:
      user: [hello, "tell me about Falcon"]
      stream: [false, true]
    request: {api: completions}
    expect: [[pass, pass], [block, block]]
END
ends 0 "$out/p_test.yaml"
says 'kt: 5 cases passed' 'and how many passed'
ends 3 --run 'no such' "$out/p_test.yaml"
says "no case has the name 'no such'" 'a name that no case has is told'
$try -o json "$out/p_test.yaml" >"$out/o" 2>"$out/why"
[ "$(grep -o '"case":' "$out/o" | wc -l)" -eq 5 ]
claim 'a matrix is as many cases as it has outcomes, by name' $?
cat >"$out/f.yaml" <<'END'
pack: {name: f}
policies: {chain: [agent-firewall, audit-logger]}
policy:
  agent-firewall:
    rules: [{name: no-b, tool: Write, when: {/deep/0/path: {matches: 'b$'}}, action: deny}]
providers: {targets: [{id: a, provider: anthropic}]}
END
cat >"$out/f_test.yaml" <<'END'
cases:
  - name: what the model calls, in either API, streamed or not
    matrix:
      stream: [false, true]
      tool_use:
        - Write: {n: 3, deep: [{path: a longer path that ends in b}]}
        - {Bash: , Write: {deep: [{path: c}]}}
    answer: some text before it
    expect: [[redact, pass], [redact, pass]]
  - name: the other API
    matrix: {stream: [false, true]}
    request: {api: completions}
    tool_use: {Bash: , Write: {deep: [{path: b}]}}
    expect: [redact, redact]
  - name: an earlier call and its result
    request: {tool_use: {Read: {path: x}}, tool_result: hello}
    expect: pass
END
ends 0 "$out/f_test.yaml"
sed 's/tool_use: {Bash.*/tool_use: [Bash]/; s/{path: x}/x/' "$out/f_test.yaml" \
	>"$out/g_test.yaml"
ends 3 --policy-config "$out/f.yaml" "$out/g_test.yaml"
says 'tool_use is a map of names and inputs [KT103]' \
	'a call without a name is told of'
says "the input of 'Read' is no map [KT103]" 'and one without an input'
cat >"$out/t_test.yaml" <<'END'
cases:
  - {name: a, given: {now: yesterday}, expect: pass}
  - {name: b, matrix: {now: ["2026-11-20T10:00:00Z", "2026-11-20"]},
     expect: [pass, pass]}
END
ends 3 --policy-config "$out/f.yaml" "$out/t_test.yaml"
says "t_test.yaml:2:28: error: 'yesterday' is no time" 'a time that is none'
says "'2026-11-20' is no time such as" 'and one of a matrix'
cat >"$out/w_test.yaml" <<'END'
cases:
  - name: a whole body
    request: {model: m, stream: true, user: Falcon, tools: [Bash], body: {messages: []}}
    expect: pass
  - name: by axis
    matrix: {system: [a, b]}
    request: {body: {messages: []}}
    expect: [pass, pass]
END
ends 3 --policy-config "$out/p.yaml" "$out/w_test.yaml"
for part in user tools system; do
	says "error: '$part' stands beside 'body', which is the whole request" \
		"a body leaves no room for $part"
done
! grep -q "'model'\|'stream'" "$out/e"
claim 'what a body is completed with may stand beside it' $?
sed 's/status: 403/status: 200/' "$out/p_test.yaml" >"$out/q_test.yaml"
ends 1 --policy-config "$out/p.yaml" "$out/q_test.yaml"
says 'q_test.yaml:4:59: error: the word is refused: status: expected 200, got 403 [KT811]' \
	'only what differs is told, at its place'
says ' cases failed' 'how many of them failed'
says 'matched: dlp-filter' 'with the rules that matched'
ends 0 --policy-config "$out/p.yaml" --run 'by api*' "$out/q_test.yaml"
ends 0 --coverage "$out/p_test.yaml"
says 'secret-scanner never matches' 'coverage names what is missing'
cat >"$out/v.yaml" <<'END'
pack: {name: v}
policies: {chain: [agent-firewall, pii-detector, audit-logger]}
policy:
  agent-firewall:
    rules:
      - {name: ok-ls, tool: Bash, when: {/command: {matches: '^ls$'}}, action: allow}
      - {name: no-bash, tool: Bash, action: deny}
      - {name: see-read, tool: Read, action: flag}
  pii-detector:
    detect_patterns:
      - {name: badge, pattern: '\bB-[0-9]{6}\b', action: redact}
      - {name: desk, pattern: '\bD-[0-9]{6}\b', action: redact}
providers: {targets: [{id: a, provider: anthropic}]}
END
cat >"$out/v_test.yaml" <<'END'
cases:
  - {name: a, tool_use: {Bash: {command: rm}}, expect: redact}
  - {name: b, request: {user: B-123456}, expect: redact}
END
ends 0 --coverage "$out/v_test.yaml"
says 'agent-firewall: see-read never matches' 'a rule that is missing is named'
says 'pii-detector: desk never matches' 'and so is a pattern'
says 'no answer is streamed' 'and a part of a call'
! grep -q 'ok-ls\|no-bash\|badge' "$out/e"
claim 'what was shown is not, nor what cannot be' $?
ends 1 --fail-under 95 "$out/p_test.yaml"
ends 2 --fail-under 101 "$out/p_test.yaml"
ends 2
ends 3 "$out/none_test.yaml"
printf 'cases:\n  - {nam: x, expect: pass}\n' >"$out/bad_test.yaml"
ends 3 "$out/bad_test.yaml"
says "did you mean 'name'?" 'a misspelt key is told with the one that was meant'
printf 'cases:\n  - {name: x, expect: {verdikt: pass}}\n' >"$out/b_test.yaml"
ends 1 --policy-config "$out/p.yaml" "$out/b_test.yaml"
says '[KT803]' 'an expectation that nothing can meet fails'
cat >"$out/n_test.yaml" <<'END'
cases:
  - {name: a, expect: {}}
  - {name: c, matrix: {user: []}, expect: []}
  - {name: d, matrix: {user: [x, y]}, expect: [pass, {}]}
  - {name: e, matrix: user, expect: pass}
END
ends 3 --policy-config "$out/p.yaml" "$out/n_test.yaml"
[ "$(sed -n 's/.*n_test.yaml:\([0-9]*\):.*error: \(.*\) \[.*/\1 \2/p' "$out/e" |
	tr '\n' ,)" = "2 'a' expects nothing,3 'user' has no value: no case is run,\
3 'c' expects nothing,4 'd' expects nothing,5 matrix is a map of fields and \
lists of values," ]
claim 'a case that cannot fail is not run' $?
for none in 'cases: []' 'cases:'; do
	echo "$none" >"$out/n_test.yaml"
	ends 3 --policy-config "$out/p.yaml" "$out/n_test.yaml"
done
mkdir "$out/tests"
cat >"$out/tests/one.json" <<'END'
{"name": "json", "input": {"messages": [{"role": "user", "content": "about Falcon"}]}, "expected": {"verdict": "deny", "reason_code": "prompt.term.detected"}}
END
ends 0 --policy-config "$out/p.yaml" "$out/tests"
"$kt" policy test --new dlp-filter >"$out/n_test.yaml" 2>"$out/why"
sed -i 's/write here what it has to find/Falcon/' "$out/n_test.yaml"
ends 0 --policy-config "$out/p.yaml" "$out/n_test.yaml"
session=$packs/sessions/starter.kts
$try --from-session "$session#5" >"$out/s_test.yaml" 2>"$out/why"
[ "$(grep -c -- '- name: ' "$out/s_test.yaml")" -eq 1 ]
claim 'a recorded call becomes a case' $?
ends 0 --policy-config "$packs/starter.yaml" "$out/s_test.yaml"
sed 's/redacted/facts_only/' "$session" >"$out/facts.kts"
cp "$session" "$out/a#b"
for pack in starter coding-agent finance healthcare-baa; do
	$try --from-session "$packs/sessions/$pack.kts" >"$out/s_test.yaml" \
		2>"$out/why" &&
		[ "$(grep -c -- '- name: ' "$out/s_test.yaml")" -eq 6 ]
	claim "and so do all calls of the session of $pack" $?
	ends 0 --policy-config "$packs/$pack.yaml" "$out/s_test.yaml"
done
ends 0 --from-session "$out/a#b"
ends 2 --from-session "$session#x"
says '--from-session takes a session' 'a number of a call is a number'
ends 3 --from-session "$session#55"
says 'starter.kts: there is no call 55' 'a call that is not there is told'
ends 3 --from-session "$out/facts.kts"
says 'call 1: its text was not recorded' 'so is why a call is no case'
says 'facts.kts: no call of it can be a case' 'and that none is one'
ends 3 --from-session "$out/none.kts"
$try -o "junit:$out/j.xml" -o "tap:$out/t" "$out/p_test.yaml" >"$out/why" 2>&1
python3 -c 'import sys, xml.etree.ElementTree as e
assert len(e.parse(sys.argv[1]).findall(".//testcase")) == 5' "$out/j.xml" &&
	grep -qx 'ok 5 - by api and stream, user: tell me about Falcon, stream: true' "$out/t"
claim 'cases that passed are told by name' $?
finish
