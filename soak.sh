#!/usr/bin/env bash
# The long proofs, of which ./test.sh runs a sample. Each prints its totals, and on failure the seed that shows it again.
#   ./soak.sh simulation [seeds] [first seed]   seeded schedules on one thread, over faulty stores (default 5000)
#   ./soak.sh crash [kills] [seed]              SIGKILLs of the real program at seeded moments (default 1000)
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# build PROJECT CONFIGURATION: prints nothing but errors.
build() { dotnet build "tests/$1" -c "$2" -v q -nologo >&2; }

# passes PROGRAM CLASS: what the tests print is shown, passed or not.
passes() { dotnet "$1" -class "$2" -noColor -noLogo -showLiveOutput; }

simulation() {
  local seeds=${1:-5000} first=${2:-0}
  build simulation Release
  SIMULATION_SEEDS="$first..$((first + seeds))" passes tests/simulation/bin/Release/net10.0/Pipeline.Tests.Simulation.dll Pipeline.Tests.Simulation.ScheduleTests
}

crash() {
  build integration Release
  CRASH_KILLS=${1:-1000} CRASH_SEED=${2:-1} passes tests/integration/bin/Release/net10.0/Pipeline.Tests.Integration.dll Pipeline.Tests.Integration.Crash.CrashTests
}

case "${1:-}" in
  simulation | crash) "$@" ;;
  *) sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
