#!/usr/bin/env bash
# Measures the Release build and prints a table in Markdown. Logs and installations are made in a temporary folder (TMPDIR) and removed.
#   ./bench.sh              everything, about 8 minutes        ./bench.sh quick        stages and one pair of the whole way, about a minute
#   ./bench.sh stage NAME   one stage alone                    ./bench.sh push|demo    one part alone
# BENCH_PROGRAM names another program to measure the whole way of, such as a published `pipeline`.
set -euo pipefail
cd "$(dirname "$0")"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet build tests/benchmarks -c Release -v q -nologo >&2
# Its own folder, because what a stopped session leaves behind goes with it.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/pipeline-bench.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
dotnet tests/benchmarks/bin/Release/net10.0/Pipeline.Tests.Benchmarks.dll "$@"
