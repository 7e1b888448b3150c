# One vocabulary for people and CI. Everything needs only Python 3.11 to 3.13 and git.
PYTHON ?= python3
BIN := .venv/bin
export DO_NOT_TRACK := true

.PHONY: bench check clean demo gpu-check test test-all up

# uv rather than pip: it takes torch and torchvision from one place, so that their operators match.
# Bytecode once here spares each later process the compiling, where the environment forbids Python to keep it.
# TORCH=cpu spares 4 GB of CUDA on first use; any value of uv's --torch-backend does, such as auto or cu130.
TORCH ?=
.venv: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet uv
	@echo "installing (about 6 GB on first use) ..."
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt $(if $(TORCH),--torch-backend $(TORCH)) --editable ".[demo,dev]"
	@touch .venv

demo: .venv
	@$(BIN)/regraft demo

up: .venv
	@$(BIN)/regraft up

check: .venv
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: .venv
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not long"

# With races, kills, simulations and the demo: before a release, and whenever the rules or the ledger change.
test-all: .venv
	@$(BIN)/python -m pytest -n 2 --dist loadfile

# About three hours on two cores that do nothing else; each cell is kept, so it may be stopped and goes on.
FASHION ?= /usr/share/datasets/fashion-mnist
bench: .venv
	@$(BIN)/python -m bench.training.elpv
	@$(BIN)/python -m bench.training.fashion --images $(FASHION)
	@$(BIN)/python -m bench.training.refit --images $(FASHION)
	@$(BIN)/python -m bench.gate.rates --images $(FASHION)
	@$(BIN)/python -m bench.gate.canary --images $(FASHION)
	@$(BIN)/python -m bench.training.speed
	@$(BIN)/python -m bench.training.growth --images $(FASHION)
	@$(BIN)/python -m bench.training.loop
	@$(BIN)/python -m bench.serving.services
	@$(BIN)/python -m bench.serving.workers
	@$(BIN)/python -m bench.serving.swaps
	@$(BIN)/python -m bench.serving.bulk
	@$(BIN)/python -m bench.serving.int8
	@$(BIN)/python -m bench.year.ways --images $(FASHION)
	@$(BIN)/python -m bench.monitoring.rates --images $(FASHION)
	@$(BIN)/python -m bench.monitoring.power --images $(FASHION)
	@$(BIN)/python -m bench.report

gpu-check: .venv
	@$(BIN)/python -m bench.training.gpu

clean:
	@rm -rf .venv .regraft data/raw data/validated data/processed data/restored data/feedback dvc.lock .dvc/cache .dvc/tmp
