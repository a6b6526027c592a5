#include "decide.h"

namespace truce::node {

using model::Observed;
using model::Wanted;

Step next_step(Wanted wanted, Observed observed) {
  bool runs = observed == Observed::running || observed == Observed::starting ||
              observed == Observed::unknown;
  switch (wanted) {
    case Wanted::absent:
      return Step::remove;
    case Wanted::off:
      if (observed == Observed::absent) return Step::provision;
      if (observed == Observed::suspended) return Step::discard_state;
      return observed == Observed::off ? Step::none : Step::stop;
    case Wanted::running:
      if (observed == Observed::absent) return Step::provision;
      if (observed == Observed::paused) return Step::resume;
      return runs ? Step::none : Step::start;
    case Wanted::paused:
      return runs ? Step::pause : Step::none;
    case Wanted::suspended:
      return runs || observed == Observed::paused ? Step::suspend : Step::none;
  }
  return Step::none;
}

bool out_of_reach(Wanted wanted, Observed observed) {
  bool saved = observed == Observed::suspended;
  bool down = observed == Observed::off || observed == Observed::absent;
  return (wanted == Wanted::paused && (down || saved)) || (wanted == Wanted::suspended && down);
}

std::string_view name_of(Step step) {
  switch (step) {
    case Step::none:
      return "nothing to do";
    case Step::provision:
      return "make its disks";
    case Step::start:
      return "start";
    case Step::stop:
      return "stop";
    case Step::pause:
      return "pause";
    case Step::resume:
      return "resume";
    case Step::suspend:
      return "suspend";
    case Step::discard_state:
      return "discard its suspended state";
    case Step::remove:
      return "remove";
  }
  return "nothing to do";
}

}  // namespace truce::node
