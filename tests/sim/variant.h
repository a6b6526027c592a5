// Which rule is broken, so that it is seen that the rule is needed.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace truce::sim {

enum class Variant : std::uint8_t {
  sound,
  keepalive,
  no_reaper,
  no_margin,
  old_counts,
  bare_hand_over,
  unknown_counts,
  credit_at_answer,
  count_from_asking,
  blind_fence,
  no_fence,
  early_claim,
  open_gate,
  late_answers,
};

struct VariantRow {
  Variant variant;
  std::string_view name, meaning;
};

inline constexpr std::array variants{
    VariantRow{Variant::sound, "sound", "every rule is kept"},
    VariantRow{Variant::keepalive, "keepalive",
               "heartbeats are lease renewals, which a deposed store leader answers, too"},
    VariantRow{Variant::no_reaper, "no_reaper", "the daemon itself kills at the deadline"},
    VariantRow{Variant::no_margin, "no_margin", "dead = self: nothing for kill, drain and clocks"},
    VariantRow{Variant::old_counts, "old_counts", "a new leader takes over the old one's counts"},
    VariantRow{Variant::bare_hand_over, "bare_hand_over",
               "a moved machine runs as soon as its state has arrived"},
    VariantRow{Variant::unknown_counts, "unknown_counts",
               "a heartbeat without an answer moves the deadline"},
    VariantRow{Variant::credit_at_answer, "credit_at_answer",
               "the deadline counts from a heartbeat's answer"},
    VariantRow{Variant::count_from_asking, "count_from_asking",
               "the leader counts from when it asked"},
    VariantRow{Variant::blind_fence, "blind_fence",
               "the fence does not ask whether the heartbeat is still the same"},
    VariantRow{Variant::no_fence, "no_fence", "machines are restarted without a fence"},
    VariantRow{Variant::early_claim, "early_claim",
               "a node begins a new life while machines of the old one end"},
    VariantRow{Variant::open_gate, "open_gate", "nothing holds a late start when the gate is shut"},
    VariantRow{Variant::late_answers, "late_answers",
               "an accepted start is done however late its answer comes"},
};

}  // namespace truce::sim
