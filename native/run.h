// Runs a program on one thread of several: steps, phases, tasks, stages, groups, ops. Threads claim tasks as they come; every
// task's arithmetic is fixed, so results do not depend on who runs it or on how many threads there are.
#pragma once
#include "activation_back.h"
#include "barrier.h"
#include "clock.h"
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
    case opAveragePool: return pool::average(*reinterpret_cast<const AveragePoolOp*>(op), c);
    case opAveragePoolBack: return pool::averageBack(*reinterpret_cast<const AveragePoolOp*>(op), c);
    case opLoss: return loss::execute(*reinterpret_cast<const LossOp*>(op), c);
    case opColumnSum: return outer::columnSum(*reinterpret_cast<const ColumnSumOp*>(op), c);
    case opNormalizeFinish: return normalize::finish(*reinterpret_cast<const NormalizeFinishOp*>(op), c);
    case opNormalizeBackFinish: return normalize::backFinish(*reinterpret_cast<const NormalizeBackFinishOp*>(op), c);
    case opNormalizeInference: return normalize::inference(*reinterpret_cast<const NormalizeInferenceOp*>(op), c);
    case opLossFinish: return loss::finish(c);
    case opUpdateLanes: return update::lanes(*reinterpret_cast<const UpdateLanesOp*>(op), c);
    case opUpdateDense: return update::dense(*reinterpret_cast<const UpdateDenseOp*>(op), c);
    case opWinograd: return winograd::execute(*reinterpret_cast<const WinogradOp*>(op), c);
    case opWinogradOuter: return winograd::execute(*reinterpret_cast<const WinogradOuterOp*>(op), c);
    case opWinogradWeights: return winograd::execute(*reinterpret_cast<const WinogradWeightsOp*>(op), c);
    case opProbabilities: return loss::probabilities(*reinterpret_cast<const LossOp*>(op), c);
  }
}

static void execute(const Op* op, const Context& c) {
  if (!c.profile) return dispatch(op, c);
  const double start = clock_::seconds();
  dispatch(op, c);
  c.profile[op->id] += clock_::seconds() - start;
}

static const int32_t* words(const void* p) { return static_cast<const int32_t*>(p); }

static void opsOf(const Stage* stage, const Context& c) {
  const Op* op = reinterpret_cast<const Op*>(stage + 1);
  for (int32_t i = 0; i < stage->ops; i++) {
    execute(op, c);
    op = reinterpret_cast<const Op*>(words(op) + op->words);
  }
}

// A run of images through every stage.
static void imageTask(const Phase* phase, Context& c, int32_t images) {
  const Stage* stage = reinterpret_cast<const Stage*>(phase + 1);
  for (int32_t s = 0; s < phase->stages; s++) {
    for (int32_t first = 0; first < images; first += stage->group) {
      c.groupFirst = first;
      c.images = images - first < stage->group ? images - first : stage->group;
      opsOf(stage, c);
    }
    stage = reinterpret_cast<const Stage*>(words(stage) + stage->words);
  }
}

// Task t of a phase whose tasks are the ops of its one stage.
static void opTask(const Phase* phase, const Context& c, int32_t task) {
  const Op* op = reinterpret_cast<const Op*>(reinterpret_cast<const Stage*>(phase + 1) + 1);
  for (int32_t i = 0; i < task; i++) op = reinterpret_cast<const Op*>(words(op) + op->words);
  execute(op, c);
}

static void finishOps(const Phase* phase, const Context& c) {
  const Stage* stage = reinterpret_cast<const Stage*>(phase + 1);
  for (int32_t s = 0; s < phase->stages; s++) stage = reinterpret_cast<const Stage*>(words(stage) + stage->words);
  const Op* op = reinterpret_cast<const Op*>(stage);
  for (int32_t i = 0; i < phase->finishOps; i++) {
    execute(op, c);
    op = reinterpret_cast<const Op*>(words(op) + op->words);
  }
}

// A thread begins with tasks of its own, the same in every phase, and helps the others then. Every other phase takes them backwards: a phase
// begins with what the cache still holds of the one before.
static void phaseOf(const Phase* phase, int32_t* counters, int32_t index, bool backwards, Context& c) {
  const Program& p = *c.program;
  const int32_t tasks = phase->perImage ? c.lanes() : phase->tasks;
  for (int32_t helped = 0; helped < p.threads; helped++) {
    const int32_t owner = (index + helped) % p.threads;
    const int32_t first = tasks * owner / p.threads, end = tasks * (owner + 1) / p.threads;
    for (int32_t next; (next = first + barrier::add(counters + 16 * owner, 1)) < end;) {
      c.task = backwards ? first + end - 1 - next : next;
      c.groupFirst = 0;
      c.taskFirst = c.task * p.taskImages;
      if (phase->perImage) {
        const int32_t left = p.batch - c.taskFirst;
        imageTask(phase, c, left < p.taskImages ? left : p.taskImages);
      } else {
        opTask(phase, c, c.task);
      }
    }
  }
}

static void thread(float* arena, int32_t programAt, int32_t index) {
  const Program* p = reinterpret_cast<const Program*>(arena + programAt);
  int32_t* control = reinterpret_cast<int32_t*>(arena) + p->barrier;
  Context c{};
  c.arena = arena;
  c.program = p;
  c.threadMemory = arena + p->threadMemory + static_cast<size_t>(p->threadStride) * index;
  c.profile = p->profile < 0 ? nullptr : reinterpret_cast<double*>(arena + p->profile) + static_cast<size_t>(p->ops) * index;
  for (c.step = 0; c.step < p->steps; c.step++) {
    const Phase* phase = reinterpret_cast<const Phase*>(arena + p->code);
    for (int32_t i = 0; i < p->phases; i++) {
      int32_t* counters = control + 32 + 16 * i * p->threads;
      phaseOf(phase, counters, index, i % 2 == 1, c);
      barrier::meet(control, p->threads, [&] {
        finishOps(phase, c);
        for (int32_t t = 0; t < p->threads; t++) barrier::store(counters + 16 * t, 0);
      });
      phase = reinterpret_cast<const Phase*>(words(phase) + phase->words);
    }
  }
}

}  // namespace run
