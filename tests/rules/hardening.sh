# The program is as hard as configure promises: read from the file itself,
# because a flag that was passed is not yet a flag that took effect.
. "$KT_SRCDIR/tests/lib/tap.sh"

is_pie() { readelf -hdW "$1" | grep -q 'FLAGS_1.*PIE'; }
is_bound_at_start() { readelf -dW "$1" | grep -qE 'BIND_NOW|FLAGS_1.* NOW'; }
has_relro() { readelf -lW "$1" | grep -q GNU_RELRO; }
has_data_stack() { readelf -lW "$1" | grep -qE 'GNU_STACK.* RW +0x'; }
has_canaries() { readelf -sW --dyn-syms "$1" | grep -q '__stack_chk_fail'; }
is_fortified() { readelf -sW --dyn-syms "$1" | grep -qE ' __[a-z]+_chk(@|$)'; }
has_no_run_path() { ! readelf -dW "$1" | grep -qE 'RPATH|RUNPATH|TEXTREL'; }

soft=
printf '#include <stdio.h>\nint main(void) { return puts("x") < 0; }\n' \
	>"$out/soft.c"
if cc -O0 -no-pie -fno-pie -fno-stack-protector -U_FORTIFY_SOURCE \
	-Wl,-z,norelro,-z,lazy,-z,execstack -Wl,-rpath,/ \
	-o "$out/soft" "$out/soft.c" 2>/dev/null; then
	soft=$out/soft
fi

# hard FUNCTION SENTENCE
hard() {
	if [ "${KT_HARDENED-yes}" != yes ]; then
		skip "$2" 'configured with --disable-hardening'
		return
	fi
	if is_sanitized; then
		skip "$2" 'built with sanitizers'
		return
	fi
	"$1" "$kt"
	claim "$2" $?
	[ -z "$soft" ] || ! "$1" "$soft"
	claim "$2: a soft program is told from it" $?
}

hard is_pie 'it can be loaded anywhere'
hard is_bound_at_start 'all symbols are bound at start'
hard has_relro 'what is bound cannot be written'
hard has_data_stack 'the stack cannot be run'
hard has_canaries 'stack frames have canaries'
hard is_fortified 'calls that write to buffers are checked'
hard has_no_run_path 'libraries come from the system only'
finish
