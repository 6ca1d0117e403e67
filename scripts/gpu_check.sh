#!/usr/bin/env bash
# What fice does on a GPU, in at most eight minutes: a folder with a table and json.
#
#   scripts/gpu_check.sh [--device cuda] [--out DIR] [--only "PART ..."] [--vocabulary FILE] [--tiny]
#       [--checkpoint RUN --data PREPARED [--recipe "OPTION ..."]]
#
# DIR is $OUT, or gpu-check. Each part is a process with a limit of its own: one that fails takes no other with it.
# --vocabulary is OpenAI CLIP's, with which the preset paper runs networks of the official sizes and made-up weights.
# --checkpoint goes on with the training in RUN from its newest checkpoint, on a copy; --recipe has what else it was started
# with. --tiny tries the script itself.
set -u
cd "$(dirname "$0")/.." || exit 1
device=cuda vocabulary= out=${OUT:-gpu-check} only= tiny= checkpoint= data= recipe="--batch 64 --workers 8"
while [ $# -gt 0 ]; do
    case $1 in
    --device) device=$2 && shift 2 ;;
    --out) out=$2 && shift 2 ;;
    --only) only=$2 && shift 2 ;;
    --checkpoint) checkpoint=$2 && shift 2 ;;
    --data) data=$2 && shift 2 ;;
    --vocabulary) vocabulary=$2 && shift 2 ;;
    --recipe) recipe=$2 && shift 2 ;;
    --tiny) tiny=--tiny && shift ;;
    *) echo "Unknown option $1." >&2 && exit 2 ;;
    esac
done
python=${PYTHON:-python3}
mkdir -p "$out" || exit 1
out=$(cd "$out" && pwd)
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH}
: >"$out/parts.txt"

say() { # PART WHAT
    printf '%-16s %s\n' "$1" "$2" | tee -a "$out/parts.txt"
}

part() { # PART SECONDS COMMAND...
    local name=$1 limit=$2 code
    shift 2
    case " ${only:-$name} " in *" $name "*) ;; *) return ;; esac
    local began=$SECONDS
    timeout -k 5 "$limit" "$@" >"$out/$name.txt" 2>"$out/$name.err"
    code=$?
    case $code in
    0) say "$name" "ok, $((SECONDS - began)) s" ;;
    124) [ "$name" = training ] && say "$name" "ok, ended after $limit s" || say "$name" "failed: it took longer than $limit s" ;;
    137) say "$name" "failed: it took longer than $limit s" ;;
    *) say "$name" "failed: $(grep -v '^ *$' "$out/$name.err" | tail -n 1)" ;;
    esac
}

check() { # PART SECONDS [OPTION...]
    local name=$1 limit=$2
    shift 2
    part "$name" "$limit" "$python" -m fice.bench.check "$name" --device "$device" --out "$out" $tiny "$@"
}

# the limits add up to 480 s
case $device in
cuda*) part build 60 "$python" -m fice ops build ;;
*) say build "skipped: only for a GPU" ;;
esac
check ops 35
check loop-eager 20
check loop-bf16 20
check default 30
check generated 30
bundle=street
if [ -n "$vocabulary" ]; then
    part official 15 "$python" tests/official.py "$out/official-work" "$vocabulary"
    [ -f "$out/official-work/bundle.json" ] && bundle=$out/official-work
else
    say official "skipped: no --vocabulary is named, so paper runs with the bundled networks"
fi
check paper 35 --bundle "$bundle"
check batch-default 25
check batch-generated 25
if [ -n "$checkpoint" ]; then
    mkdir -p "$out/training-work" && cp "$checkpoint"/*.* "$out/training-work"
    # shellcheck disable=SC2086
    part training 35 "$python" -m fice.training.recipes.adversarial --data "$data" --out "$out/training-work" \
        --device "$device" --minutes 100000 --tick 10 $recipe
else
    say training "skipped: no --checkpoint is named"
fi
case $device in
cuda*)
    check loop-compiled 75
    check loop-graphs 75
    ;;
*) say loop-compiled "skipped: only for a GPU, graphs likewise" ;;
esac

{
    cat "$out/parts.txt"
    for name in ops loop-eager loop-bf16 loop-compiled loop-graphs default generated paper batch-default batch-generated training; do
        if [ -s "$out/$name.txt" ]; then
            printf '\n## %s\n\n' "$name"
            tail -n 60 "$out/$name.txt"
        fi
    done
} >"$out/table.txt"
rm -rf "$out"/*-work
echo "$out/table.txt"
! grep -q ' failed' "$out/parts.txt"
