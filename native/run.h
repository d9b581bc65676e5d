// The interpreter: runs a program on one thread of several, through steps, phases, tasks, stages, groups and ops (native/README.md). Threads claim tasks
// as they come; a thread that would wait for the others begins with the update. The arithmetic of a task is fixed, so results depend neither on the
// threads, nor on their number, nor on the order of tasks.
#pragma once
#include "barrier.h"
#include "clock.h"
#include "dispatch.gen.h"

namespace run {

static void execute(const Op* op, const Context& c) {
  if (!c.profile) return dispatch(op, c);
  const double start = clock_::seconds();
  dispatch(op, c);
  c.profile[op->id] += clock_::seconds() - start;
}

static const int32_t* words(const void* p) { return static_cast<const int32_t*>(p); }
static const Op* after(const Op* op) { return reinterpret_cast<const Op*>(words(op) + op->words); }

static void opsOf(const Stage* stage, const Context& c) {
  const Op* op = reinterpret_cast<const Op*>(stage + 1);
  for (int32_t i = 0; i < stage->ops; i++) {
    execute(op, c);
    if (op->gate != noGate && c.lastGroup()) {
      if (c.streaming) simd::ordered();
      barrier::add(c.gates + counterWords * op->gate, 1);
    }
    op = after(op);
  }
}

// A task of a phase over images: its run of images goes through every stage.
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

// The first op of a task, in a phase whose tasks are the ops of its one stage.
static const Op* opTask(const Phase* phase, int32_t task) {
  const Op* op = reinterpret_cast<const Op*>(reinterpret_cast<const Stage*>(phase + 1) + 1);
  for (int32_t i = 0; i < task; i++) {
    do op = after(op);
    while (op->gate == sameTask);
  }
  return op;
}

static void finishOps(const Phase* phase, const Context& c) {
  const Stage* stage = reinterpret_cast<const Stage*>(phase + 1);
  for (int32_t s = 0; s < phase->stages; s++) stage = reinterpret_cast<const Stage*>(words(stage) + stage->words);
  const Op* op = reinterpret_cast<const Op*>(stage);
  for (int32_t i = 0; i < phase->finishOps; i++) {
    execute(op, c);
    op = after(op);
  }
}

// The tasks of a phase, and the count of those taken. Task t belongs to thread t mod `threads`. A thread takes its own tasks first, the same in every
// phase, and then those of the other threads.
struct Tasks {
  const Phase* phase;
  int32_t* taken;  // by owner, counterWords apart: the number taken from the front, and `last` times the number taken from the back
  int32_t count, threads;
  bool backwards;  // tasks are taken from the back

  enum End : uint32_t { first = 1, last = 1 << 16 };  // an update that 4 GiB hold has fewer than 65,536 tasks

  // Takes the first task that is left, or the last one, if ready(task). @returns the task; −1 where none is left or it is not ready
  template <class F>
  int32_t take(int32_t thread, End end, F&& ready) const {
    for (int32_t helped = 0; helped < threads; helped++) {
      const int32_t owner = (thread + helped) % threads, own = (count - owner + threads - 1) / threads;
      int32_t* counter = taken + counterWords * owner;
      for (int32_t seen = barrier::load(counter);;) {
        const uint32_t word = seen;
        const int32_t firsts = word % last, lasts = word / last;
        if (firsts + lasts >= own) break;
        const int32_t task = owner + threads * (end == first ? firsts : own - 1 - lasts);
        if (!ready(task)) return -1;
        if (barrier::swap(counter, seen, word + end)) return task;
      }
    }
    return -1;
  }
  // Takes a task from the end at which the phase begins.
  int32_t take(int32_t thread) const {
    return take(thread, backwards ? last : first, [](int32_t) { return true; });
  }

  void reset() const {
    for (int32_t t = 0; t < threads; t++) barrier::store(taken + counterWords * t, 0);
  }
};

static void taskOf(const Phase* phase, Context& c, int32_t task) {
  const Program& p = *c.program;
  if (!phase->perImage) {
    const Op* const end = reinterpret_cast<const Op*>(words(phase) + phase->words);
    const Op* op = opTask(phase, task);
    do execute(op, c);
    while ((op = after(op)) < end && op->gate == sameTask);
    return;
  }
  c.task = task;
  c.taskFirst = task * p.taskImages;
  const int32_t left = p.batch - c.taskFirst;
  imageTask(phase, c, left < p.taskImages ? left : p.taskImages);
}

static void thread(float* arena, int32_t programAt, int32_t index) {
  const Program* p = reinterpret_cast<const Program*>(arena + programAt);
  int32_t* control = reinterpret_cast<int32_t*>(arena) + p->barrier;
  int32_t* counters = control + barrierWords;
  Context c{};
  c.arena = arena;
  c.program = p;
  c.threadMemory = arena + p->threadMemory + static_cast<size_t>(p->threadStride) * index;
  c.profile = p->profile < 0 ? nullptr : reinterpret_cast<double*>(arena + p->profile) + static_cast<size_t>(p->ops) * index;
  c.gates = counters + counterWords * p->phases * p->threads;
  c.streaming = p->threads > 1 && simd::streamingPays();
  // Every other phase over images goes backwards: it begins with the images that the caches still hold from the phase before. The update goes backwards
  // too: its first tasks are those taken early, and its last ones, of the network's first layers, are the most unequal.
  const auto tasksOf = [&](const Phase* phase, int32_t i) {
    const bool backwards = phase->perImage ? i % 2 == 1 : phase->early != 0;
    return Tasks{phase, counters + counterWords * i * p->threads, phase->perImage ? c.lanes() : phase->tasks, p->threads, backwards};
  };
  const auto following = [](const Phase* phase) { return reinterpret_cast<const Phase*>(words(phase) + phase->words); };
  const Phase* const first = reinterpret_cast<const Phase*>(arena + p->code);
  Tasks early{};
  const Phase* phase = first;
  for (int32_t i = 0; i < p->phases; i++, phase = following(phase)) {
    if (phase->early) early = tasksOf(phase, i);
  }
  const auto takeEarly = [&] {
    const int32_t task = early.take(index, Tasks::first, [&](int32_t t) {
      const int32_t gate = opTask(early.phase, t)->gate;
      return gate != noGate && barrier::load(c.gates + counterWords * gate) == c.lanes();
    });
    if (task >= 0) taskOf(early.phase, c, task);
    return task >= 0;
  };
  for (c.step = 0; c.step < p->steps; c.step++) {
    phase = first;
    for (int32_t i = 0; i < p->phases; i++, phase = following(phase)) {
      const Tasks tasks = tasksOf(phase, i);
      for (int32_t task; (task = tasks.take(index)) >= 0;) taskOf(phase, c, task);
      const auto finish = [&] {
        finishOps(phase, c);
        tasks.reset();
        for (int32_t gate = 0; phase->early && gate < p->gates; gate++) barrier::store(c.gates + counterWords * gate, 0);
      };
      if (c.streaming) simd::ordered();
      barrier::meet(control, p->threads, finish, [&] { return !phase->early && takeEarly(); });
    }
  }
}

}  // namespace run
