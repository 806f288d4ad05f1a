# The commands of the project; README and .ci/run call the same ones.

export RUSTDOCFLAGS := "-D warnings"

# lists the recipes
default:
    @just --list

# everything compiles
check:
    cargo check --workspace --all-targets

# unit, integration and documentation tests; no network
test:
    cargo test --workspace

# seeded attacks on the whole program, minutes long, with a table of figures; `just harness mutations` is one kind of them
harness PART="":
    cargo test --release --package evenhand --test main -- --ignored harness::{{PART}} --nocapture --test-threads=1

# formatting and lints, as strict as CI
lint:
    cargo fmt --check
    cargo clippy --workspace --all-targets -- -D warnings

# the benches of the crates that are fast for a reason
bench:
    cargo bench --workspace

# how often intervals hold the truth: an hour or two; writes docs/results/coverage.md
coverage:
    cargo run --release -p evenhand-metrics --example coverage > target/coverage.md && mv target/coverage.md docs/results/coverage.md

# against fairlearn, scipy and PyTorch on the same data; `just bench-peers --stream` adds 50,000,000 rows
bench-peers *ARGS:
    python3 reference/peers.py {{ARGS}}

# data, seven methods, three seeds, a report: under a minute after the build
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# API documentation, broken links refused
docs:
    cargo doc --workspace --no-deps

# makes the expected values of other libraries anew; the result must not differ
oracle:
    python3 -m venv target/oracle-venv
    target/oracle-venv/bin/pip install --quiet -r reference/requirements.txt
    target/oracle-venv/bin/python reference/metrics.py
    python3 -m venv target/peers-venv
    target/peers-venv/bin/pip install --quiet -r reference/requirements-peers.txt
    target/peers-venv/bin/python reference/pytorch_terms.py
    target/peers-venv/bin/python reference/pytorch_fairvic.py
    target/peers-venv/bin/python reference/reductions.py
    target/peers-venv/bin/python reference/ctgan.py
    target/peers-venv/bin/python reference/boosting_bins.py
    python3 -m venv target/boosting-venv
    target/boosting-venv/bin/pip install --quiet -r reference/requirements-boosting.txt
    target/boosting-venv/bin/python reference/boosting.py
    python3 -m venv target/rerank-venv
    target/rerank-venv/bin/pip install --quiet -r reference/requirements-rerank.txt
    target/rerank-venv/bin/python reference/rerank.py
    python3 -m venv target/significance-venv
    target/significance-venv/bin/pip install --quiet -r reference/requirements-significance.txt
    target/significance-venv/bin/python reference/significance.py
    git diff --stat --exit-code reference/rerank.json reference/metrics.json reference/terms.json reference/fairvic.json reference/reductions.json reference/boosting.json reference/boosting_bins.json reference/ctgan.json reference/significance.json
