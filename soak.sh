#!/usr/bin/env bash
# The long tests, by commands of their own. Each prints its totals, and on failure the seed that repeats it.
#   ./soak.sh simulation [N | FROM..TO]  simulated schedules, 10000 where nothing is said; prints how many had which actors
#   ./soak.sh crash [KILLS] [SEED]      SIGKILLs of the real program, 1000 where nothing is said
#   ./soak.sh distributed [KILLS] [SEED]  SIGKILLs of processes, brokers and stores of the distributed way, 500 where nothing is said
#   ./soak.sh tail [FROM..TO]           schedules of files that are written, rotated, truncated, compressed and deleted while
#                                       they are followed, 0..1000 where nothing is said
#   ./soak.sh fuzz [INPUTS] [SEED]     mutated inputs for every parser and the endpoint's bodies, 100,000,000 where nothing is said
#   ./soak.sh leak [LINES]             marked lines through the real program, whose every byte is then searched,
#                                       1,000,000 where nothing is said
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

simulation() {
  dotnet build tests/simulation -c Release -v q -nologo
  local seeds="${1:-10000}"
  [[ $seeds == *..* ]] || seeds="0..$seeds"
  SIMULATION_SEEDS="$seeds" dotnet tests/simulation/bin/Release/net10.0/Pipeline.Tests.Simulation.dll -showLiveOutput
}

crash() {
  dotnet build tests/integration -v q -nologo
  CRASH_KILLS="${1:-1000}" CRASH_SEED="${2:-1}" \
    dotnet tests/integration/bin/Debug/net10.0/Pipeline.Tests.Integration.dll \
      -class Pipeline.Tests.Integration.Crash.CrashTests -showLiveOutput
}

distributed() {
  dotnet build tests/integration -v q -nologo
  # The program as it is published: what operations run, and sooner at work after a kill.
  dotnet publish cli -c Release -o artifacts/soak -v q -nologo
  PIPELINE_TEST_PROGRAM="$PWD/artifacts/soak/pipeline" DISTRIBUTED_KILLS="${1:-500}" DISTRIBUTED_SEED="${2:-1}" \
    dotnet tests/integration/bin/Debug/net10.0/Pipeline.Tests.Integration.dll \
      -class Pipeline.Tests.Integration.Crash.DistributedCrashTests -showLiveOutput
}

tail() {
  dotnet build tests/unit -c Release -v q -nologo
  TAIL_SEEDS="${1:-0..1000}" dotnet tests/unit/bin/Release/net10.0/Pipeline.Tests.Unit.dll \
    -class Pipeline.Tests.Unit.Files.TailScheduleTests \
    -showLiveOutput
}

fuzz() {
  dotnet build tests/unit -c Release -v q -nologo
  FUZZ_INPUTS="${1:-100000000}" FUZZ_SEED="${2:-1}" \
    dotnet tests/unit/bin/Release/net10.0/Pipeline.Tests.Unit.dll -class Pipeline.Tests.Unit.Fuzz.FuzzTests -showLiveOutput
}

leak() {
  dotnet build tests/integration -c Release -v q -nologo
  LEAK_LINES="${1:-1000000}" \
    dotnet tests/integration/bin/Release/net10.0/Pipeline.Tests.Integration.dll \
      -class Pipeline.Tests.Integration.Leak.LeakTests -showLiveOutput
}

case "${1:-}" in
  simulation | crash | distributed | tail | fuzz | leak) "$@" ;;
  *) sed -n '2,8p' "$0"; exit 2 ;;
esac
