#!/bin/sh
# What is to be known of a GPU, in one call of nine minutes at most, the most informative first:
#
#     sh benchmarks/gpu_check.sh OUT [CARRIED]
#
# It needs Python with PyTorch and torchvision, and no network: bnbench runs from this tree, with nothing installed.
# CARRIED, by default .carried, holds what such a machine lacks: MNIST's four files, and packages as wheels
# (`make gpu-carried` fills it). OUT gets log.txt, steps.txt and the tables. A step that fails stops no other.
cd "$(dirname "$0")/.." || exit 2
[ -n "$1" ] || { echo "gpu_check.sh: give a folder for the log and the tables" >&2; exit 2; }
mkdir -p "$1" && out=$(cd "$1" && pwd) || exit 2
rm -f "$out/log.txt" "$out/steps.txt"
carried=$(cd "${2:-.carried}" && pwd) || exit 2
python=${PYTHON:-python3}
ends=$(($(date +%s) + ${SECONDS_IN_ALL:-520}))
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT

for wheel in "$carried"/*.whl; do
  if [ -e "$wheel" ]; then "$python" -m zipfile -e "$wheel" "$work/packages" || exit 2; fi
done
PYTHONPATH="$PWD:$work/packages:$PYTHONPATH"
export PYTHONPATH PYTHONUNBUFFERED=1 BNBENCH_DATA_DIR="$carried"
export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1  # with warnings as errors, other people's plugins end pytest

step() {  # NAME SECONDS COMMAND...: at most so long, and no longer than there is time left
  name=$1 most=$2
  shift 2
  left=$((ends - $(date +%s)))
  [ "$left" -lt "$most" ] && most=$left
  began=$(date +%s)
  printf '\n== %s: %s\n' "$name" "$*" >> "$out/log.txt"
  if [ "$most" -gt 0 ]; then timeout "$most" "$@" >> "$out/log.txt" 2>&1; code=$?; else code=124; fi
  echo "$name: exit code $code after $(($(date +%s) - began)) s" | tee -a "$out/steps.txt"
}

bnbench() { name=$1 most=$2; shift 2; step "$name" "$most" "$python" -m bnbench "$@"; }

step card 20 nvidia-smi
step convolutions 60 "$python" -m benchmarks.stacked_convolution "$out/stacked_convolution.md"
bnbench "one run" 60 train published/lenet5_batchnorm --device cuda -o training.epochs=3 --results "$work/one"
step tests 150 "$python" -m pytest -m gpu -p no:cacheprovider tests/integration/test_gpu.py tests/unit/training/test_stack.py
bnbench study 90 reproduce headline --device cuda --stack 10 --results "$work/study"
bnbench agreement 30 verify --against results/reference --results "$work/study"
step profile 60 "$python" -m benchmarks.gpu_profile "$out/profile.md"
step speed 200 "$python" -m benchmarks.gpu "$out/gpu.md" 1
for seeds in 100 1000; do
  bnbench "$seeds seeds" 60 train published/lenet5 --device cuda --stack $seeds --seeds $seeds -o training.epochs=1 --results "$work/$seeds"
done
cp "$work"/study/report/headline/*.csv "$out" 2>> "$out/log.txt"
grep -v "exit code 0 " "$out/steps.txt" > /dev/null && exit 1
exit 0
