#!/usr/bin/env bash
# Trains the solutions on one synthetic world and tests them on another: writes trained.json, quality.json and quality.html
# of each folder here. With CONCORDAT=target/release/concordat it takes some minutes.
#
#   PEOPLE  how many people each world has (150000)
#   MODELS  the folder of the solutions (this one)
set -euo pipefail
concordat=${CONCORDAT:-concordat}
people=${PEOPLE:-150000}
models=${MODELS:-$(dirname "$0")}
worlds=$(mktemp -d)
trap 'rm -rf "$worlds"' EXIT

"$concordat" synth --people "$people" --seed 11 --out "$worlds/train" --flat
"$concordat" synth --people "$people" --seed 12 --out "$worlds/test" --flat
for solution in hmrc dwp dfe residence; do
  own=$models/$solution
  cases=cases list=$solution truth=$solution-truth
  # The calls that a supplier of the residence check is asked about, out of its list.
  if [ "$solution" = residence ]; then cases=calls list=dwp truth=calls-truth; fi
  "$concordat" link train --left "$worlds/train/flat/$cases.parquet" --right "$worlds/train/flat/$list.parquet" \
    --model "$own/model.yaml" --out "$own/trained.json"
  "$concordat" link score --left "$worlds/test/flat/$cases.parquet" --right "$worlds/test/flat/$list.parquet" \
    --model "$own/model.yaml" --trained "$own/trained.json" --out "$worlds/pairs.parquet"
  "$concordat" link evaluate --pairs "$worlds/pairs.parquet" --left "$worlds/test/flat/$cases.parquet" \
    --right "$worlds/test/flat/$list.parquet" --truth "$worlds/test/flat/$truth.parquet" --group origin --group sex \
    --group area --born date_of_birth --model "$own/model.yaml" --trained "$own/trained.json" --on 2016-03-18 --out "$own"
done
