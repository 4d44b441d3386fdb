# make build   bin/imbundle
# make demo    the main job on a bundle that ships with the program
# make test    every test that needs no servers and no root
# make e2e     real servers: installs, builds, caches, starts and stops them
# make bench   the table of speed and memory
# make lint    format, vet, staticcheck, the rules of the house, tidy modules
# make fuzz    every fuzz target for FUZZTIME

GO       ?= go
FUZZTIME ?= 20s
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS   = -s -w -X main.version=$(VERSION)

GOFUMPT     = mvdan.cc/gofumpt@v0.12.0
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

GOFILES = $(shell git ls-files --cached --others --exclude-standard '*.go')
RIG     = testdata/rig/rig
E2E     = $(GO) test -tags e2e -count=1 -timeout 80m -p 1
# What needs the rig, and what starts and stops its own servers.
ONRIG   = ./testdata/e2e
APART   = ./collect/kafka ./collect/seq ./collect/prom ./collect/node

.PHONY: build demo test e2e e2e-smoke bench lint house format fuzz clean

build:
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/imbundle ./cmd/imbundle

demo: build
	bin/imbundle demo

test:
	$(GO) test ./...

# The rig stops what it started, by process id, whatever the tests said.
e2e: build
	$(RIG) up && $(RIG) -name scale up kwok && $(E2E) $(ONRIG) $(APART); code=$$?; $(RIG) -name scale down; $(RIG) down && exit $$code

e2e-smoke: build
	$(RIG) up && $(E2E) -run Smoke $(ONRIG); code=$$?; $(RIG) down && exit $$code

bench: build
	$(GO) test -run '^$$' -bench . -benchmem ./...
	testdata/bench/run.sh

lint: house
	@unformatted=$$($(GO) run $(GOFUMPT) -l $(GOFILES)); \
	 if [ -n "$$unformatted" ]; then echo "not formatted by gofumpt:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags e2e $(ONRIG) $(APART)
	$(GO) run $(STATICCHECK) ./...
	$(GO) run $(STATICCHECK) -tags e2e $(ONRIG) $(APART)
	$(GO) mod tidy -diff

# Floors, dependency owners, the archiver ban, words that must not be in the tree.
house:
	$(GO) test -count=1 .

format:
	$(GO) run $(GOFUMPT) -w $(GOFILES)

fuzz:
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5s $$pkg; \
	  done; done

clean:
	rm -rf bin dist
