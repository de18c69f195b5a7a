# The two commands of the README live here; everything else is `windtunnel --help`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2

.PHONY: demo test install lint lock clean
.DEFAULT_GOAL := demo

demo: $(STAMP)
	@$(BIN)/windtunnel demo

test: $(STAMP)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

install: $(STAMP)

lint: $(STAMP)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

lock:
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra dev -o requirements.lock pyproject.toml

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "windtunnel needs $(PYTHON) (3.11 or newer); install it or say make PYTHON=..."; exit 3; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "windtunnel needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version)"; exit 3; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "this Python lacks the venv module (on Debian: apt-get install python3-venv)"; exit 3; }
	@echo "windtunnel: installing locked dependencies into $(VENV) (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  --no-build-isolation --editable .  # the build backend looks for its program on the PATH
	@touch $(STAMP)

clean:
	@rm -rf $(VENV) .windtunnel .pytest_cache .mypy_cache .ruff_cache
