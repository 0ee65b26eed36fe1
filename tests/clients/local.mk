# Real clients; tests/clients/install gets them, or these say SKIP.
kt_client_tests = %D%/anthropic_sdk_test.py %D%/openai_sdk_test.py \
	%D%/claude_code_test.py %D%/codex_test.py
TESTS += $(kt_client_tests)
EXTRA_DIST += $(kt_client_tests) %D%/agent_sdk.mjs %D%/anthropic_sdk.cjs %D%/clients.py \
	%D%/install %D%/node/package-lock.json \
	%D%/node/package.json %D%/openai_sdk.cjs %D%/package-lock.json \
	%D%/package.json %D%/scenes.py %D%/sdk.py %D%/told.cjs
