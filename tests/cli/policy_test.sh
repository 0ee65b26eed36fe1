# kt policy show and schema: exit codes, where mistakes are told, shipped files.
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
		sed 's/^/# /' "$out/e"
	fi
}

# gives WANTED-EXIT WANTED-TEXT-ON-STDERR argument...
gives() {
	want=$1 text=$2
	shift 2
	"$kt" policy "$@" >"$out/o" 2>"$out/e" </dev/null
	got=$?
	# Nothing to say means: nothing is said.
	if [ -n "$text" ]; then
		[ $got -eq "$want" ] && grep -qF -- "$text" "$out/e"
	else
		[ $got -eq "$want" ] && [ ! -s "$out/e" ]
	fi
	report $? "kt policy $* exits $want and says '$text' (got $got)"
}

cat >"$out/good.yaml" <<'END'
pack: {name: good}
policies: {chain: [audit-logger]}
providers: {targets: [{id: a, provider: offline}]}
END
cat >"$out/over.yaml" <<'END'
gateway: {block_status: 451}
END
cat >"$out/bad.yaml" <<'END'
pack: {name: bad}
policies:
  chain: [secret-scaner]
policy:
  pii-detector: {acton: redact}
providers:
  targets:
    - id: a
      provider: anthropic
      secret_key_ref: sk-ant-hunter2
END

gives 0 '' show --policy-config "$out/good.yaml"
grep -q '^  block_status: 403$' "$out/o"
report $? 'a default is filled in'
gives 0 '' show --policy-config "$out/good.yaml" --policy-config "$out/over.yaml"
grep -q '^  block_status: 451$' "$out/o"
report $? 'a later file overrides'
cp "$out/o" "$out/again.yaml"
"$kt" policy show --policy-config "$out/again.yaml" 2>"$out/e" | cmp -s - "$out/o"
report $? 'what is shown loads again to the same'
gives 0 '' show --json --policy-config "$out/good.yaml"
python3 -c 'import json,sys; assert json.load(sys.stdin)["gateway"]["block_status"] == 403' <"$out/o" 2>>"$out/e"
report $? 'the same as JSON'
gives 1 "$out/bad.yaml:3:11: error: 'secret-scaner' is not a policy kind" show --policy-config "$out/bad.yaml"
grep -qF "$out/bad.yaml:5:18: error: unknown key 'acton'" "$out/e" &&
	grep -qF "$out/bad.yaml:10:7: error: 'secret_key_ref' must say where" "$out/e" &&
	grep -qF 'kt: 3 errors' "$out/e"
report $? 'all mistakes are told in one run'
! grep -q hunter2 "$out/e"
report $? 'no mistake repeats a secret'
gives 3 'none.yaml' show --policy-config "$out/none.yaml"
gives 3 "$out" show --policy-config "$out"
gives 2 'is not an option' show "$out/good.yaml"
gives 2 'needs a value' show --policy-config
"$kt" policy show --policy-config "$out/good.yaml" >/dev/full 2>"$out/e"
[ $? -eq 3 ]
report $? 'a full disk is not a whole answer'

# Shipped files, from anywhere, with an empty HOME.
(cd / && HOME= "$kt" policy show >"$out/o" 2>"$out/e") && grep -q '^  name: starter$' "$out/o"
report $? 'the starter is found from any folder'
for pack in "$KT_SRCDIR"/policies/*.yaml; do
	case $pack in *_test.yaml) continue ;; esac
	gives 0 '' show --policy-config "$pack"
done
# An entity that no detector finds would be a promise that nobody keeps.
sed -n 's/^      - \([A-Z_]*\)$/\1/p' "$KT_SRCDIR"/policies/*.yaml | sort -u >"$out/named"
: >"$out/e"
while read -r entity; do
	grep -qx " *entity: $entity" "$KT_SRCDIR"/policies/detectors/*.yaml ||
		echo "$entity" >>"$out/e"
done <"$out/named"
[ -s "$out/named" ] && [ ! -s "$out/e" ]
report $? 'each entity that a pack names has a detector'

gives 0 '' schema
python3 - "$out/o" <<'END' 2>>"$out/e"
import json, sys
schema = json.load(open(sys.argv[1]))
defs = schema["$defs"]
def walk(node):
    if isinstance(node, dict):
        ref = node.get("$ref")
        assert ref is None or ref.removeprefix("#/$defs/") in defs, ref
        for value in node.values():
            walk(value)
    elif isinstance(node, list):
        for value in node:
            walk(value)
walk(schema)
assert schema["$schema"].endswith("2020-12/schema")
END
report $? 'the schema is whole: each reference has its definition'
gives 0 '' schema --man
if command -v mandoc >/dev/null; then
	{
		printf '.Dd January 1, 2020\n.Dt X 5\n.Os\n.Sh NAME\n.Nm x\n'
		printf '.Nd x\n.Sh SECTIONS\n'
		cat "$out/o"
	} | mandoc -Tlint -Wwarning >"$out/e" 2>&1
	report $? 'the list of keys is clean mdoc'
else
	n=$((n + 1))
	echo "ok $n - the list of keys is clean mdoc # SKIP mandoc is not there"
fi
echo "1..$n"
exit $bad
