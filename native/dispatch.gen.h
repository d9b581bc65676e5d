// From the kind of an op to the function that carries it out.
// Made by npm run build:program of src/engine/cpu/program/schema.ts: change that, not this.
#pragma once
#include "activation.h"
#include "activation_back.h"
#include "context.h"
#include "dot.h"
#include "gather.h"
#include "loss.h"
#include "normalize.h"
#include "outer.h"
#include "pool.h"
#include "update.h"
#include "winograd.h"

namespace run {

static void dispatch(const Op* op, const Context& c) {
  switch (op->kind) {
    case opGather: return gather::execute(*reinterpret_cast<const GatherOp*>(op), c);
    case opDot: return dot::execute(*reinterpret_cast<const DotOp*>(op), c);
    case opOuter: return outer::execute(*reinterpret_cast<const OuterOp*>(op), c);
    case opActivate: return activation::execute(*reinterpret_cast<const ActivateOp*>(op), c);
    case opActivateBackReduce: return activation::reduce(*reinterpret_cast<const ActivateBackOp*>(op), c);
    case opActivateBackApply: return activation::back(*reinterpret_cast<const ActivateBackOp*>(op), c);
    case opStatistics: return normalize::statistics(*reinterpret_cast<const StatisticsOp*>(op), c);
    case opGlobalAveragePool: return pool::globalAverage(*reinterpret_cast<const PoolOp*>(op), c);
    case opGlobalAveragePoolBack: return pool::globalAverageBack(*reinterpret_cast<const PoolOp*>(op), c);
    case opLoss: return loss::execute(*reinterpret_cast<const LossOp*>(op), c);
    case opColumnSum: return outer::columnSum(*reinterpret_cast<const ColumnSumOp*>(op), c);
    case opNormalizeFinish: return normalize::finish(*reinterpret_cast<const NormalizeFinishOp*>(op), c);
    case opNormalizeBackFinish: return normalize::backFinish(*reinterpret_cast<const NormalizeBackFinishOp*>(op), c);
    case opNormalizeInference: return normalize::inference(*reinterpret_cast<const NormalizeInferenceOp*>(op), c);
    case opLossFinish: return loss::finish(*reinterpret_cast<const LossFinishOp*>(op), c);
    case opUpdateLanes: return update::lanes(*reinterpret_cast<const UpdateLanesOp*>(op), c);
    case opUpdateDense: return update::dense(*reinterpret_cast<const UpdateDenseOp*>(op), c);
    case opProbabilities: return loss::probabilities(*reinterpret_cast<const ProbabilitiesOp*>(op), c);
    case opWinograd: return winograd::execute(*reinterpret_cast<const WinogradOp*>(op), c);
    case opWinogradOuter: return winograd::execute(*reinterpret_cast<const WinogradOuterOp*>(op), c);
    case opWinogradWeights: return winograd::execute(*reinterpret_cast<const WinogradWeightsOp*>(op), c);
    case opTranspose: return update::transpose(*reinterpret_cast<const TransposeOp*>(op), c);
  }
}

}  // namespace run
