#!/usr/bin/env bash
# Installs what the tests need and passes them. Prints one line per test project and, last, the sum:
# "N passed, N failed, N skipped". Exits 0 only where something ran and nothing failed.
# Needs the .NET 10 SDK. Where npm is too, the emulator of Azure Blob Storage is installed next to its tests; else they are
# skipped. Arguments are names of test projects; none: all of them.
set -uo pipefail
cd "$(dirname "$0")"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
projects=("$@")
[ ${#projects[@]} -eq 0 ] && projects=(unit simulation integration)

if ! command -v dotnet >/dev/null || [ "$(dotnet --version | cut -d. -f1)" -lt 10 ]; then
  echo "test.sh: found no .NET SDK of version 10 or later on the PATH; install it, then run this again." >&2
  exit 1
fi

locked=()
[ "${CI:-}" = true ] && locked=(--locked-mode)
dotnet restore Pipeline.sln "${locked[@]}" -v q || exit 1
dotnet build Pipeline.sln --no-restore -v q -nologo || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }

azure=tests/integration/azure
if [ ! -f $azure/node_modules/azurite/package.json ] && command -v npm >/dev/null; then
  npm ci --prefix $azure --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null ||
    echo "test.sh: npm could not install Azurite; the tests that need it are skipped." >&2
fi

passed=0 failed=0 skipped=0
for project in "${projects[@]}"; do
  results=$(mktemp)
  program=$(find "tests/$project/bin/Debug" -maxdepth 2 -name 'Pipeline.Tests.*.dll' -path '*/net10.0/*' \
    -iname "Pipeline.Tests.$project.dll" | head -1)
  started=$SECONDS
  dotnet "$program" -noColor -noLogo -xml "$results"
  code=$?
  # The runner's own account of what ran.
  read -r p f s < <(grep -o '<assembly [^>]*>' "$results" | awk '
    function value(name,  m) { return match($0, " " name "=\"[0-9]+\"") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : 0 }
    { p += value("passed"); f += value("failed") + value("errors"); s += value("skipped") } END { print p + 0, f + 0, s + 0 }')
  [ "$code" -ne 0 ] && [ "${f:-0}" -eq 0 ] && f=1
  echo "$project: ${p:-0} passed, ${f:-1} failed, ${s:-0} skipped in $((SECONDS - started)) s"
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1})) skipped=$((skipped + ${s:-0}))
  rm -f "$results"
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
