# Everything a newcomer needs: `make demo` and `make test` create what they use in .venv with plain Python 3.11+ and pip.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
TORCH ?= torch==2.13.0
PYTEST_ARGS ?=
SCREENSHOTS ?= $(CURDIR)/screenshots

.PHONY: demo test test-fast test-oracle test-browser test-cluster test-vllm chromium drills docs lint clean help

help:
	@echo "make demo         a small vision-language model learns to look"
	@echo "make test         the whole test suite in a fresh environment"
	@echo "make test-fast    the tests that take seconds"
	@echo "make test-oracle  agreement with trl (losses, chat templates, reward signatures)"
	@echo "make test-browser the viewer in a real Chromium (installs it with apt-get where it is missing)"
	@echo "make test-cluster several processes that learn as one"
	@echo "make drills       200 kills of a training, full disks, damaged checkpoints (KILLS=10 for fewer)"
	@echo "make test-vllm    the engine on the real vLLM, in an environment of its own (.venv-vllm)"
	@echo "make docs         the documentation as a site"
	@echo "make lint         ruff, pyright on the light layers, import-linter"

$(VENV)/.demo: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "saccade needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[train,demo]'
	touch $@

$(VENV)/.test: $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[train,demo,data,video,dev]'
	touch $@

$(VENV)/.oracle: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	touch $@

demo: $(VENV)/.demo
	$(BIN)/saccade demo

test: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m 'not oracle and not browser and not cluster and not vllm' $(PYTEST_ARGS)

test-fast: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m 'not oracle and not browser and not cluster and not vllm and not slow' $(PYTEST_ARGS)

test-oracle: $(VENV)/.oracle
	$(BIN)/python -m pytest -m oracle $(PYTEST_ARGS)

# The system's browser, from the distribution's packages; CHROMIUM=path names one that lies elsewhere.
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
chromium:
	@found='$(CHROMIUM)'; if test -z "$$found"; then \
		echo 'there is no Chromium here; installing it with apt-get'; \
		test "$$(id -u)" = 0 || { echo 'only root may: sudo apt-get install chromium'; exit 1; }; \
		export DEBIAN_FRONTEND=noninteractive; timeout 300 apt-get update -qq && \
		timeout 900 apt-get install -qq --yes --no-install-recommends chromium fonts-dejavu-core >/dev/null && found=chromium; \
	fi; "$$found" --version

$(VENV)/.browser: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[browser]'
	touch $@

test-browser: chromium $(VENV)/.browser
	OMP_NUM_THREADS=1 SCREENSHOTS=$(SCREENSHOTS) $(BIN)/python -m pytest -n 2 --dist worksteal -m browser tests/viewer $(PYTEST_ARGS)
	@echo 'the screenshots are in $(SCREENSHOTS)'

test-cluster: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m cluster $(PYTEST_ARGS)

KILLS ?= 200
SEED ?= 1
drills: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m saccade.testing.drills --kills $(KILLS) --seed $(SEED) --out benchmarks/drills.json

export SACCADE_VLLM ?= .venv-vllm
$(SACCADE_VLLM)/.built: $(VENV)/.test
	$(BIN)/saccade serve --engine vllm --install
	$(SACCADE_VLLM)/bin/python -m pip install --quiet --disable-pip-version-check accelerate  # for `transformers serve`
	touch $@

test-vllm: $(SACCADE_VLLM)/.built
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -p no:xdist -m vllm $(PYTEST_ARGS)

$(VENV)/.docs: $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	touch $@

docs: $(VENV)/.docs
	$(BIN)/saccade gallery
	$(BIN)/zensical build --strict

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/pyright

clean:
	rm -rf $(VENV) screenshots .pytest_cache .hypothesis .ruff_cache
