// The compute threads of one session in the native build, the system's own. They sleep between programs; begin() does not wait for a program's end.
#pragma once
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include <atomic>

struct Threads {
  using Run = void (*)(void* arena, int32_t program, int32_t thread);

  Run run;
  void* arena;
  void (*done)(void* owner);  // called after a program, by its last thread
  void* owner;
  int32_t wanted;

  // Starts the threads. @returns their number: `wanted`, or as many as the system gave. stop() is needed in either case
  int32_t start() {
    members = static_cast<Member*>(calloc(wanted, sizeof(Member)));
    for (; members && started < wanted; started++) {
      members[started] = {this, started, {}};
      if (pthread_create(&members[started].handle, nullptr, body, &members[started]) != 0) break;
    }
    return started;
  }

  // Begins to run a program. The next one has to wait for done().
  void begin(int32_t next) {
    program = next;
    running.store(wanted);
    given.fetch_add(1);
    given.notify_all();
  }

  // Ends the threads, after the program that they are running.
  void stop() {
    for (int32_t left; (left = running.load()) > 0;) running.wait(left);
    leaving = true;
    given.fetch_add(1);
    given.notify_all();
    while (started > 0) pthread_join(members[--started].handle, nullptr);
    free(members);
    members = nullptr;
  }

 private:
  struct Member {
    Threads* all;
    int32_t index;
    pthread_t handle;
  };

  Member* members = nullptr;
  int32_t started = 0, program = 0;
  bool leaving = false;
  std::atomic<int32_t> given{0};    // the number of programs so far; idle threads sleep on it
  std::atomic<int32_t> running{0};  // threads that have not finished the program

  static void* body(void* member) {
    const auto& self = *static_cast<Member*>(member);
    self.all->work(self.index);
    return nullptr;
  }

  void work(int32_t index) {
    for (int32_t seen = 0;; seen++) {
      given.wait(seen);
      if (leaving) return;
      run(arena, program, index);
      if (running.fetch_sub(1) > 1) continue;
      running.notify_all();
      done(owner);
    }
  }
};
