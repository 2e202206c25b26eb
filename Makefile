BIN       := .venv/bin
LOCKED    := $(addprefix requirements/,build.txt mxnet-cpu.txt runtime.txt dev.txt)
# Named by what is locked, so that .venv is made anew when that changes and only then.
INSTALLED := .venv/.installed-$(firstword $(shell cat $(LOCKED) | cksum))
PIP_FLAGS := --disable-pip-version-check install --require-hashes
PIP       := $(BIN)/python -m pip $(PIP_FLAGS)
# The peers of `make bench` have environments of their own; PyTorch's serves more than one part.
BENCH_TEXT  := .bench/text/.installed-$(firstword $(shell cksum < requirements/bench-text.txt))
BENCH_TORCH := .bench/torch/.installed-$(firstword $(shell cksum < requirements/bench-torch.txt))
# What runs the state machine on this machine.
INTERPRETER := .workflow/.installed-$(firstword $(shell cksum < workflow/local/package-lock.json))
BENCH     ?= text image sequence serving prepare
UV        ?= uv

# What `make bench` reads: labelled channels, several or one; the image part takes the first. 0 pages
# are the channel as it is.
BENCH_TRAIN      ?= examples/sample/train
BENCH_VALIDATION ?= examples/sample/validation
BENCH_TEST       ?= examples/sample/test
BENCH_PAGES      ?= 0 1000
# The ensemble that the serving part serves: that of the demo, which is trained if it is not there.
DEMO_ENSEMBLE    := out/demo/sequence/model
BENCH_ENSEMBLE   ?= $(DEMO_ENSEMBLE)

# What `make image` builds: for GPU instances unless VARIANT=cpu; with docker, where its daemon
# answers, else podman.
VARIANT  ?= gpu
IMAGE    ?= document-ensemble:$(VARIANT)
ENGINE   ?= $(shell docker info >/dev/null 2>&1 && echo docker || echo podman)
# What `make test-container` tests: the CPU variant, unless IMAGE names another.
TESTED    = $(or $(filter-out document-ensemble:gpu,$(IMAGE)),document-ensemble:cpu)
VERSION   = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
REVISION  = $(shell git describe --always --dirty 2>/dev/null || echo unknown)

# Unless PYTHON=… says which: the first of these that will do; else python3, to hear why not.
PYTHON    ?= $(shell for python in python3 python3.11 python3.10; do \
	$$python requirements/check_python.py 2>/dev/null && echo $$python && exit; done; echo python3)

.DEFAULT_GOAL := help
.PHONY: help install demo test test-container smoke tag lint audit bill format reference bench workflow interpreter image lock clean
.PHONY: $(addprefix bench-,text image sequence serving prepare)

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## make .venv, which the others use; PYTHON=python3.11 names the interpreter
	@echo "Installed: $$($(BIN)/python -V) in .venv"

demo: $(INSTALLED) ## train the ensemble on the sample and take a new stream apart
	$(BIN)/python examples/demo.py

test: $(INSTALLED) ## run the tests; PYTEST_ARGS="-k name" narrows them
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-container: $(INSTALLED) ## test what `make image VARIANT=cpu` built, or IMAGE=…, as it is run
	$(BIN)/python -m pytest tests/container --image $(TESTED) $(PYTEST_ARGS)

smoke: $(INSTALLED) ## see that an image trains and serves
	$(BIN)/python -m pytest tests/container/test_smoke.py --image $(TESTED) $(PYTEST_ARGS)

lint: $(INSTALLED) ## check style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy src workflow
	$(BIN)/python requirements/audit.py

audit: $(INSTALLED) ## compare what is locked with known weaknesses, with no network
	$(BIN)/python requirements/audit.py

bill: $(INSTALLED) ## write the bill of materials of an image's Python packages
	$(BIN)/python docker/bill.py --engine $(ENGINE) --version $(VERSION) $(TESTED) out/bill.json
	$(BIN)/python requirements/audit.py --bill out/bill.json

format: $(INSTALLED) ## rewrite the sources in the project's style
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

reference: $(INSTALLED) ## rewrite what docs/ says of hyperparameters and metrics
	PYTHONPATH=src $(BIN)/python -m common.job.reference docs

bench: $(addprefix bench-,$(BENCH)) ## compare with others; BENCH=image BENCH_ARGS="--rounds 3"

bench-text: $(INSTALLED) $(BENCH_TEXT)
	PYTHONPATH=src:. $(BIN)/python -m benchmarks.text.compare --peers .bench/text/bin/python \
		--train $(BENCH_TRAIN) --validation $(BENCH_VALIDATION) --test $(BENCH_TEST) \
		--pages $(BENCH_PAGES) --output out/bench $(BENCH_ARGS)

bench-image: $(INSTALLED) $(BENCH_TORCH)
	PYTHONPATH=src:. $(BIN)/python -m benchmarks.image.compare --peer .bench/torch/bin/python \
		--train $(firstword $(BENCH_TRAIN)) --validation $(firstword $(BENCH_VALIDATION)) \
		--output out/bench $(BENCH_ARGS)

bench-sequence: $(INSTALLED) $(BENCH_TORCH)
	PYTHONPATH=src:. $(BIN)/python -m benchmarks.sequence.compare --peers .bench/torch/bin/python \
		--output out/bench $(BENCH_ARGS)

bench-serving: $(INSTALLED) $(BENCH_ENSEMBLE)/manifest.json
	PYTHONPATH=src:. $(BIN)/python -m benchmarks.serving.load --model $(BENCH_ENSEMBLE) \
		--input $(firstword $(BENCH_TEST)) --output out/bench/serving.json $(BENCH_ARGS)

bench-prepare: $(INSTALLED)
	PYTHONPATH=src:. $(BIN)/python -m benchmarks.prepare.speed $(BENCH_ARGS)

$(DEMO_ENSEMBLE)/manifest.json: | $(INSTALLED)
	$(BIN)/python examples/demo.py

image: ## build the container image, or with VARIANT=cpu the one for hosts without a GPU
	@command -v $(ENGINE) >/dev/null || { echo "There is no $(ENGINE) here: install it," \
		"or name another: make image ENGINE=docker" >&2; exit 1; }
	$(ENGINE) build --build-arg VARIANT=$(VARIANT) --build-arg VERSION=$(VERSION) \
		--build-arg REVISION=$(REVISION) $(IMAGE_ARGS) -t $(IMAGE) .

tag: # prints it, for buildspec.yml
	@echo $(VERSION)-$(REVISION)

workflow: $(INSTALLED) $(INTERPRETER) ## run the state machine here; WORKFLOW_ARGS=--skip-image reuses that model
	@PYTHONPATH=src:. $(BIN)/python -m workflow.local $(WORKFLOW_ARGS)

interpreter: $(INTERPRETER) ## install what runs the state machine here (needs Node.js from 20 on)

# One lock serves both Pythons and both MXNets, which share their dependencies. uv keeps the
# versions that are there already: LOCK_ARGS=--upgrade renews them.
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV) pip compile --quiet \
	--generate-hashes $(LOCK_ARGS)
LOCK    := $(COMPILE) --universal --python-version 3.10
# PyTorch's wheels for CPUs alone are of one Python and one platform each, and in an index of their
# own, which UV_INDEX names here and PIP_EXTRA_INDEX_URL where `make bench` installs them.
LOCK_TORCH := $(COMPILE) --python-version 3.11 --python-platform x86_64-manylinux_2_28

lock: ## pin what pyproject.toml declares, with hashes, in requirements/ (needs uv)
	$(LOCK) pyproject.toml --group cpu --no-emit-package mxnet -o requirements/runtime.txt
	$(LOCK) --group cpu --no-deps -o requirements/mxnet-cpu.txt
	$(LOCK) --group gpu --group cuda --no-deps -o requirements/mxnet-gpu.txt
	$(LOCK) --group build -c requirements/runtime.txt -o requirements/build.txt
	$(LOCK) --group dev -c requirements/runtime.txt -o requirements/dev.txt
	$(LOCK) --group workflow -c requirements/dev.txt -o workflow/requirements.txt
	$(LOCK) --group bench-text -c requirements/runtime.txt -o requirements/bench-text.txt
	$(LOCK_TORCH) --group bench-torch -o requirements/bench-torch.txt

clean: ## remove .venv and whatever was made here
	rm -rf .venv .bench .workflow out .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests examples requirements workflow -name __pycache__ -prune -exec rm -r {} +

# Sources are built with the tools of build.txt, already there, and not with whatever an isolated
# build would fetch without a hash.
$(INSTALLED):
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here: install CPython 3.11," \
		"then name it: make install PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) requirements/check_python.py
	@echo "Installing into .venv: about 200 MB to download once, a minute or two"
	@$(PYTHON) -m venv --clear .venv
	$(PIP) -r requirements/build.txt
	$(PIP) --no-build-isolation $(patsubst %,-r %,$(filter-out %/build.txt,$(LOCKED)))
	@touch $@

# No package of it needs a script of its own to be installed. An older Node.js than some packages ask
# for will do: see bridge.mjs.
$(INTERPRETER): workflow/local/package-lock.json
	@command -v npm >/dev/null || { echo "There is no npm here: install Node.js, 20 or newer" >&2; \
		exit 1; }
	@rm -rf .workflow && mkdir .workflow && cp workflow/local/package*.json .workflow/
	npm ci --prefix .workflow --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(BENCH_TEXT) $(BENCH_TORCH): $(INSTALLED)
	$(BIN)/python -m venv --clear $(@D)
	$(@D)/bin/python -m pip $(PIP_FLAGS) -r requirements/bench-$(notdir $(@D)).txt
	@touch $@
