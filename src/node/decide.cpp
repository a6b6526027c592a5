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

}  // namespace truce::node
