#!/usr/bin/env bash
# Measures the Release build and prints a table in Markdown. Logs and installations are made in a temporary folder (TMPDIR) and removed.
#   ./bench.sh              everything, about 12 minutes        ./bench.sh quick        stages and one pair of the whole way, about a minute
#   ./bench.sh stage NAME   one stage alone                    ./bench.sh push|demo    one part alone
#   ./bench.sh kafka        through a real broker, compared with one JSON message a record, about 25 minutes;
#                           kafka rates|hour|marginal|azurite|memory|freshness|restart: one part alone
#   ./bench.sh tail         ten thousand idle files, and 200,000 lines a second in a hundred, about 6 minutes
#   ./bench.sh age          one import of 100 lines into tables of 1,000 and of a million log entries, about 4 minutes;
#                           age azure: of 1,000 and 10,000, in an emulator; age shard: a shard of a million closed files, 2 minutes
#   ./bench.sh counts       estimates of instances, naive counts and the truth of simulated worlds S1 to S9, 20 seeds from 1000, 5 minutes;
#                       counts S1,S3 20: some worlds, number of seeds; counts S1,S3 10 1: from seed 1; counts S1 20 1000 1000: 1,000 each
#   ./bench.sh world NAME SEED FOLDER [INSTALLS] [WEEKS]   writes the log lines and the truth of a world
#   ./bench.sh whole        the whole way beside the baseline, and whether time and memory grow
# The whole way is measured of the published program, as users have it, which this makes first; BENCH_PROGRAM names another one instead.
set -euo pipefail
cd "$(dirname "$0")"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet build tests/benchmarks -c Release -v q -nologo >&2
if [ -z "${BENCH_PROGRAM:-}" ] && [ "${1:-}" != stage ] && [ "${1:-}" != counts ] && [ "${1:-}" != world ]; then
  dotnet publish cli -c Release -o artifacts/bench -v q -nologo >&2
  export BENCH_PROGRAM=artifacts/bench/pipeline
fi
# Its own folder, because what a stopped session leaves behind goes with it.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/pipeline-bench.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
dotnet tests/benchmarks/bin/Release/net10.0/Pipeline.Tests.Benchmarks.dll "$@"
