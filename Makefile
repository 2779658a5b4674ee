# `make run` and `make test` are all a newcomer needs; both set up what they use.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# GCC 12 and 13 take _tile_loadconfig to read 8 of its 64 bytes and leave the rest of llama.cpp's AMX set-up out: the
# first matrix product ends the process. CPUs with AMX get everything else that they have.
ifneq ($(shell grep -m1 -o -s amx_int8 /proc/cpuinfo),)
WITHOUT_AMX := -DGGML_NATIVE=off -DGGML_AVX512=on -DGGML_AVX512_VBMI=on -DGGML_AVX512_VNNI=on -DGGML_AVX512_BF16=on \
	-DGGML_AVX_VNNI=on
endif

# With RPC, llama.cpp can also use the devices of other machines (PINCITE_RPC_SERVERS); what CMAKE_ARGS says comes after.
export CMAKE_ARGS := -DGGML_RPC=on $(WITHOUT_AMX) $(CMAKE_ARGS)

.PHONY: run test docs install install-dev check clean

run: install
	$(BIN)/pincite ingest data/samples
	$(BIN)/pincite up

test: install-dev
	PATH="$(abspath $(BIN)):$$PATH" sh tests/run_checks.sh

# Write the pages of docs/ that are generated from the code; tests/test_docs.py compares them.
docs: install-dev
	$(BIN)/python -m docs.generate

install: $(VENV)/.installed

install-dev: $(VENV)/.installed-dev

# torch comes first and alone: the CPU build that constraints.txt names must be there before anything asks for "torch".
$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "Setting up $(VENV); llama.cpp compiles for 3 to 4 minutes on 2 cores ..."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --quiet --constraint constraints.txt torch
	$(BIN)/pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
