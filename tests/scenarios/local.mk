# Each is run by tests/scenario.py, which also tells the grammar.
TESTS += %D%/refuse.scn %D%/targets.scn %D%/surface.scn %D%/operate.scn \
	%D%/tools.scn %D%/routing.scn %D%/policies.scn
EXTRA_DIST += %D%/refuse.scn %D%/targets.scn %D%/surface.scn \
	%D%/operate.scn %D%/tools.scn %D%/routing.scn %D%/policies.scn \
	tests/scenario.py
