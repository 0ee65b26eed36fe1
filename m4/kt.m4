# KT_LIBRARY(VAR, MODULE, DEBIAN-PACKAGE)
# A missing library ends configure with the package to install.
AC_DEFUN([KT_LIBRARY], [
	PKG_CHECK_MODULES([$1], [$2], [],
		[AC_MSG_ERROR([$2 is missing: apt-get install $3])])
])

# KT_ENGINE(VAR, MODULES, DEBIAN-PACKAGES, NAMES, WHAT-IS-MISSING)
# Reads some kind of medium; without it such media are told as unread.
AC_DEFUN([KT_ENGINE], [
	PKG_CHECK_MODULES([$1], [$2], [
		AC_DEFINE([KT_HAVE_$1], [1], [Media: $2])
		have_$1=yes
		for kt_e in $4; do
			kt_engines="$kt_engines, $kt_e `$PKG_CONFIG --modversion $kt_e`"
		done
	], [
		AC_MSG_NOTICE([without $2 ($5): apt-get install $3])
		have_$1=no
	])
	AM_CONDITIONAL([HAVE_$1], [test "x$have_$1" = xyes])
])

# The worker that reads media, and its engines.
AC_DEFUN([KT_MEDIA], [
	KT_LIBRARY([SECCOMP], [libseccomp >= 2.5.0], [libseccomp-dev])
	kt_engines=
	KT_ENGINE([LEPTONICA], [lept >= 1.79], [libleptonica-dev], [lept],
		[no picture is read])
	KT_ENGINE([TESSERACT], [tesseract >= 4.1 lept],
		[libtesseract-dev tesseract-ocr-eng], [tesseract],
		[no letters in pictures])
	KT_ENGINE([ZBAR], [zbar >= 0.23], [libzbar-dev], [zbar],
		[no codes in pictures])
	KT_ENGINE([POPPLER], [poppler-glib >= 20.09 cairo],
		[libpoppler-glib-dev], [poppler-glib], [no PDF])
	KT_ENGINE([OFFICE], [libzip >= 1.7 expat >= 2.2],
		[libzip-dev libexpat1-dev], [libzip expat], [no office files])
	kt_engines=`echo "$kt_engines" | sed 's/^, //'`
	AC_DEFINE_UNQUOTED([KT_MEDIA_ENGINES], ["$kt_engines"],
		[Engines that read media, with their versions])
])

# KT_OPTIONAL(VAR, MODULE, NAME, DEBIAN-PACKAGE, WHAT-FOR): --without-NAME.
# Used where it is there; --with-NAME makes it an error where it is not.
AC_DEFUN([KT_OPTIONAL], [
	AC_ARG_WITH([$3],
		[AS_HELP_STRING([--without-$3], [leave out $5])],
		[], [AS_VAR_SET([with_$3], [check])])
	AS_VAR_IF([with_$3], [no], [], [
		PKG_CHECK_MODULES([$1], [$2], [AS_VAR_SET([with_$3], [yes])], [
			AS_VAR_IF([with_$3], [yes],
				[AC_MSG_ERROR([$2 is missing: apt-get install $4])],
				[AC_MSG_NOTICE([without $5: apt-get install $4])])
			AS_VAR_SET([with_$3], [no])
		])
	])
])

# libunistring comes without a .pc file.
AC_DEFUN([KT_UNISTRING], [
	AC_CHECK_HEADER([uninorm.h], [], [no_unistring=yes])
	AC_CHECK_LIB([unistring], [u8_normalize],
		[AC_SUBST([UNISTRING_LIBS], [-lunistring])], [no_unistring=yes])
	AS_IF([test "x$no_unistring" = xyes],
		[AC_MSG_ERROR([libunistring is missing: apt-get install libunistring-dev])])
])

# KT_FLAG(VAR, FLAG): adds FLAG to VAR when the compiler takes it.
AC_DEFUN([KT_FLAG], [
	AS_VAR_PUSHDEF([kt_flag], [kt_cv_flag_$2])
	AC_CACHE_CHECK([whether $CC takes $2], [kt_flag], [
		kt_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $2"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
			[AS_VAR_SET([kt_flag], [yes])], [AS_VAR_SET([kt_flag], [no])])
		CFLAGS=$kt_save_CFLAGS
	])
	AS_VAR_IF([kt_flag], [yes], [$1="$$1 $2"])
	AS_VAR_POPDEF([kt_flag])
])

AC_DEFUN([KT_WARNINGS], [
	AC_ARG_ENABLE([werror],
		[AS_HELP_STRING([--enable-werror], [treat warnings as errors])])
	KT_CFLAGS=
	m4_foreach_w([kt_w], [-std=gnu11 -Wall -Wextra -Wshadow -Wvla -Wformat=2
		-Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes
		-Wold-style-definition -Wpointer-arith -Wundef
		-Wno-missing-field-initializers],
		[KT_FLAG([KT_CFLAGS], kt_w)])
	AS_IF([test "x$enable_werror" = xyes], [KT_CFLAGS="$KT_CFLAGS -Werror"])
	AC_SUBST([KT_CFLAGS])
])

# --enable-sanitize=address,undefined or =thread
AC_DEFUN([KT_SANITIZE], [
	AC_ARG_ENABLE([sanitize],
		[AS_HELP_STRING([--enable-sanitize=LIST],
			[build with these sanitizers, such as address,undefined])],
		[], [enable_sanitize=no])
	AS_IF([test "x$enable_sanitize" = xyes], [enable_sanitize=address,undefined])
	AS_IF([test "x$enable_sanitize" != xno], [
		KT_CFLAGS="$KT_CFLAGS -fsanitize=$enable_sanitize -fno-omit-frame-pointer"
		AS_CASE([$enable_sanitize], [*undefined*],
			[KT_CFLAGS="$KT_CFLAGS -fno-sanitize-recover=undefined"])
		KT_LDFLAGS="$KT_LDFLAGS -fsanitize=$enable_sanitize"
	])
	AC_DEFINE_UNQUOTED([KT_SANITIZERS], ["$enable_sanitize"],
		[Sanitizers compiled in, or "no"])
	AM_CONDITIONAL([SANITIZED], [test "x$enable_sanitize" != xno])
	AC_SUBST([KT_LDFLAGS])
])

# On by default.  FORTIFY needs optimisation and does not go with sanitizers.
AC_DEFUN([KT_HARDENING], [
	AC_ARG_ENABLE([hardening],
		[AS_HELP_STRING([--disable-hardening], [leave out hardening flags])])
	AM_CONDITIONAL([HARDENED], [test "x$enable_hardening" != xno])
	AS_IF([test "x$enable_hardening" != xno], [
		m4_foreach_w([kt_f], [-fstack-protector-strong -fstack-clash-protection
			-fcf-protection=full -ftrivial-auto-var-init=zero -fPIE],
			[KT_FLAG([KT_CFLAGS], kt_f)])
		AS_IF([test "x$enable_sanitize" = xno], [
			AS_CASE([$CFLAGS], [*-O0*], [],
				[KT_CFLAGS="$KT_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
		])
		KT_LDFLAGS="$KT_LDFLAGS -pie -Wl,-z,relro,-z,now,-z,noexecstack"
	])
])

# --enable-fuzz links the fuzz targets with libFuzzer (clang only).
AC_DEFUN([KT_FUZZ], [
	AC_ARG_ENABLE([fuzz],
		[AS_HELP_STRING([--enable-fuzz], [link fuzz targets with libFuzzer])])
	AS_IF([test "x$enable_fuzz" = xyes], [
		KT_FLAG([KT_FUZZ_TRY], [-fsanitize=fuzzer-no-link])
		AS_IF([test -z "$KT_FUZZ_TRY"],
			[AC_MSG_ERROR([--enable-fuzz needs clang: apt-get install clang libclang-rt-14-dev, then CC=clang])])
		KT_CFLAGS="$KT_CFLAGS -fsanitize=fuzzer-no-link"
		KT_FUZZ_LIB=-fsanitize=fuzzer
	])
	AC_SUBST([KT_FUZZ_LIB])
	AM_CONDITIONAL([FUZZ], [test "x$enable_fuzz" = xyes])
])
