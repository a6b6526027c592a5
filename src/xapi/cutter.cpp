#include "cutter.h"

#include <utility>

namespace truce::xapi {

namespace {

constexpr int deepest = 64;
constexpr int depth_of_events = 3;  // result, events, their array
constexpr std::size_t longest_word = 64;

}  // namespace

Cutter::Cutter(Sink sink) : Cutter(std::move(sink), Bounds()) {}

Cutter::Cutter(Sink sink, Bounds bounds) : sink_(std::move(sink)), bounds_(bounds) {}

Result<void> Cutter::keep(char c) {
  auto& into = in_event_ ? event_ : rest_;
  if (into.size() >= (in_event_ ? bounds_.event : bounds_.rest).count)
    return fail(Code::limit, "the answer has something larger than {}",
                to_string(in_event_ ? bounds_.event : bounds_.rest));
  into += c;
  return {};
}

Result<void> Cutter::feed(std::string_view piece) {
  count_ += piece.size();
  if (count_ > bounds_.all.count)
    return fail(Code::limit, "the answer is larger than {}", to_string(bounds_.all));
  for (char c : piece) TRY_VOID(take(c));
  return {};
}

Result<void> Cutter::take(char c) {
  if (in_text_) {
    if (escaped_)
      escaped_ = false;
    else if (c == '\\')
      escaped_ = true;
    else if (c == '"')
      in_text_ = false;
    if (in_text_ && !in_event_ && word_.size() < longest_word) word_ += c;
    return keep(c);
  }
  if (among_events_ && !in_event_) return take_between(c);
  if (c == '"') {
    in_text_ = true;
    word_.clear();
  }
  if (!in_event_) take_outside(c);
  if (c == '{' || c == '[') ++depth_;
  if (depth_ > deepest) return fail(Code::limit, "the answer is nested deeper than {}", deepest);
  if (c == '}' || c == ']') --depth_;
  if (depth_ < 0) return fail(Code::corrupt, "the answer is no JSON: it closes more than it opens");
  TRY_VOID(keep(c));
  if (!in_event_ || depth_ > depth_of_events) return {};
  in_event_ = false;
  auto event = std::exchange(event_, {});
  return sink_(event);
}

// The names that lead to where the text is now.
void Cutter::take_outside(char c) {
  if (c == ':' && depth_ == 1) outer_ = std::exchange(word_, {});
  if (c == ':' && depth_ == 2) inner_ = std::exchange(word_, {});
  if (c == ',' && depth_ == 1) outer_.clear();
  if (c == ',' && depth_ == 2) inner_.clear();
  among_events_ = c == '[' && depth_ == 2 && outer_ == "result" && inner_ == "events";
}

Result<void> Cutter::take_between(char c) {
  if (c == '{') {
    in_event_ = true;
    ++depth_;
    return keep(c);
  }
  if (c == ']') {
    among_events_ = false;
    --depth_;
    inner_.clear();
    return keep(c);
  }
  bool is_space = c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ',';
  if (!is_space)
    return fail(Code::corrupt, "the answer has something else than events in its list");
  return {};
}

Result<std::string> Cutter::finish() {
  if (depth_ != 0 || in_text_) return fail(Code::corrupt, "the answer is not whole");
  return std::move(rest_);
}

}  // namespace truce::xapi
