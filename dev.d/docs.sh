# shellcheck shell=bash
# Documents that come out of the programs' own tables.

verb_docs() {
	need build
	build_main
	LINKSPAN_SOURCE=$root tests/docs.sh --write "$build"
}
