# Tokens on disk: made, listed, revoked; never readable by others, never lost.
kt="$KT_BUILDDIR/kt"
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
f="$out/t.json"
n=0
bad=0
unset KT_TOKENS_FILE

# claim SENTENCE EXIT-STATUS
claim() {
	n=$((n + 1))
	[ "$2" -eq 0 ] && echo "ok $n - $1" || { bad=1; echo "not ok $n - $1"; }
}

token=$("$kt" token create --tokens-file "$f" --principal ann --kind service \
	--group g --scopes chat,files --expires 30d | tail -n 1)
echo "$token" | grep -qE '^kt_gk_[0-9A-Za-z]{49}$'
claim 'the last line is the token' $?
! grep -qF "$token" "$f"
claim 'the file does not hold the token' $?
sum=$(printf %s "$token" | sha256sum | cut -d' ' -f1)
grep -qF "\"sha256\":\"$sum\"" "$f"
claim 'the file holds its SHA-256' $?
[ "$(stat -c %a "$f")" = 600 ]
claim 'only its owner may read the file' $?
"$kt" token list --tokens-file "$f" | grep -q 'valid *service .* ann '
claim 'the list shows it as valid' $?
id=$("$kt" token list --json --tokens-file "$f" |
	sed 's/.*"id":"\([^"]*\)".*/\1/')
"$kt" token revoke --tokens-file "$f" "$id" &&
	KT_TOKENS_FILE="$f" "$kt" token list | grep -q "^$id *revoked"
claim 'a revoked token is listed as revoked' $?
mkdir "$out/d" && ln -s ../t.json "$out/d/l.json"
"$kt" token create --tokens-file "$out/d/l.json" --principal bob >/dev/null
id=$("$kt" token list --tokens-file "$f" | sed -n 's/ *valid .* bob .*//p')
"$kt" token revoke --tokens-file "$out/d/l.json" "$id" &&
	"$kt" token list --tokens-file "$f" | grep -q "^$id *revoked" &&
	[ "$(ls "$out/d")" = l.json ] && [ -h "$out/d/l.json" ]
claim 'through a link, the list that gateways read is changed and locked' $?
"$kt" token revoke --tokens-file "$f" tok_none 2>"$out/e"
[ $? -eq 1 ] && grep -q 'no such id' "$out/e"
claim 'an unknown id is answered with no' $?

pids=
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	"$kt" token create --tokens-file "$f" --principal "p$i" >"$out/$i" &
	pids="$pids $!"
done
lost=0
for pid in $pids; do
	wait "$pid" || lost=1
done
[ $lost -eq 0 ] && [ "$("$kt" token list --tokens-file "$f" | wc -l)" -eq 15 ]
claim 'makers at the same time lose nothing' $?
[ "$(stat -c %a "$f")" = 600 ]
claim 'a file that was replaced keeps its mode' $?

for closed in '>&-' '<&- >&- 2>&-' '>/dev/full'; do
	eval "\"\$kt\" token create --tokens-file \"\$out/c.json\" \
		--principal x $closed" 2>/dev/null
	[ $? -eq 3 ] && ! grep -q kt_gk_ "$out"/c.json* &&
		[ "$("$kt" token list --tokens-file "$out/c.json" |
			grep -c 'revoked')" -eq 1 ]
	claim "a token that cannot be shown is revoked, and in no file: $closed" $?
	rm -f "$out"/c.json*
done
before=$(cat "$f")
for args in '--principal' '' '--principal x --kind robot' \
	'--principal x --scopes all' '--principal x --expires soon' \
	'--principal x --expires 0d' '--principal x --expires 2001-01-01T00:00:00Z' \
	'--principal x y'; do
	# shellcheck disable=SC2086
	"$kt" token create --tokens-file "$f" $args >/dev/null 2>&1
	[ $? -eq 2 ] && [ "$before" = "$(cat "$f")" ]
	claim "misuse changes nothing: $args" $?
done
echo '{"v":1,"tokens":[],"tokens":[]}' >"$out/bad"
"$kt" token create --tokens-file "$out/bad" --principal x >/dev/null 2>&1
[ $? -eq 3 ] && grep -q 'tokens":\[\],"tokens' "$out/bad"
claim 'a malformed list is never replaced' $?
"$kt" token list --tokens-file "$out/none" >/dev/null 2>&1
[ $? -eq 3 ]
claim 'a list that is not there cannot be shown' $?
echo "1..$n"
exit $bad
