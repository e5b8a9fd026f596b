# Each line under a target is a command that you could type yourself in the activated .venv.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
SETS = $(notdir $(wildcard exercises/source/ps*))
RELEASES = $(foreach set,$(SETS),exercises/release/$(set)/$(set).ipynb)
SANDBOX = $(if $(shell command -v bwrap),bwrap,none)

.PHONY: help course book release demo test check lock repository clean
.DELETE_ON_ERROR:

help:  ## list these words
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

course: book release demo  ## build the book, release the exercises, grade the demo, say where to look
	@python tools/summary.py _build/demo.json

book: .venv/ready  ## build the book into _build/html
	python tools/repository.py
	jupyter-book build . -W --keep-going --quiet

release: $(RELEASES)  ## make the students' notebooks in exercises/release

exercises/release/%.ipynb: exercises/source/%.ipynb exercises/nbgrader_config.py | .venv/ready
	cd exercises && nbgrader generate_assignment $(notdir $*) --force

demo: .venv/ready  ## grade the submissions in exercises/demo
	@mkdir -p _build
	rnncourse grade ps2-lstm --course exercises/demo --sandbox $(SANDBOX) --json > _build/demo.json

test: .venv/ready check tests/book/node_modules  ## all that CI runs
	pytest -n 2 --dist loadfile

check: .venv/ready  ## format, lint, types, notebooks without outputs: under a minute
	pre-commit run --all-files

lock:  ## write requirements.txt anew: the newest of what pyproject.toml allows, torch as it is pinned
	rm -rf _build/lock && $(PYTHON) -m venv _build/lock
	_build/lock/bin/pip install --quiet $(shell grep '^torch==' requirements.txt) '.[book,grading,dev]'
	_build/lock/bin/pip freeze --all | grep -vE '^(pip|rnncourse)\b' | sed 's/+cpu$$//' > _build/pins
	(sed -n '/^#/p' requirements.txt; cat _build/pins) > _build/requirements.txt
	mv _build/requirements.txt requirements.txt

repository:  ## make repository URL=https://github.com/you/course: set the address everywhere
	$(PYTHON) tools/repository.py $(URL)

clean:  ## remove what was built and graded, but nothing that you wrote
	rm -rf _build exercises/release exercises/demo/release exercises/demo/autograded exercises/demo/feedback
	rm -f exercises/demo/gradebook.db

.venv/ready: requirements.txt pyproject.toml
	@sh tools/preflight.sh $(PYTHON)
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --requirement requirements.txt
	.venv/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# axe-core, for the accessibility tests; without npm they skip and say so
tests/book/node_modules: tests/book/package-lock.json
	@if command -v npm >/dev/null; then npm ci --prefix tests/book --silent; else echo "npm is missing: the accessibility tests will skip (apt-get install npm)"; fi
