#include "cutter.h"

#include "base/bytes.h"
#include "base/xml.h"

namespace truce::vsphere {

namespace {

constexpr auto npos = std::string::npos;
constexpr std::string_view cdata = "<![CDATA[";

// `<a:name b="c">` → `name`
std::string_view name_of(std::string_view tag) {
  tag.remove_prefix(1);
  return local_name(tag.substr(0, tag.find_first_of(" \t\r\n/>")));
}

std::size_t after(std::size_t found, std::size_t size) {
  return found == npos ? npos : found + size;
}

// Past the '>' that ends a tag: one in an attribute's value does not.
std::size_t end_of_tag(std::string_view text, std::size_t at) {
  char quote = 0;
  for (; at < text.size(); ++at) {
    char c = text[at];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      return at + 1;
    }
  }
  return npos;
}

}  // namespace

Cutter::Cutter(std::string name, Sink sink, Bounds bounds)
    : name_(std::move(name)), sink_(std::move(sink)), bounds_(bounds) {}

Result<void> Cutter::feed(std::string_view bytes) {
  fed_ += bytes.size();
  if (fed_ > bounds_.all)
    return fail(Code::limit, "the answer is larger than {}", to_string(Bytes{bounds_.all}));
  buffer_ += bytes;
  while (true) {
    TRY(auto done, step());
    if (done == Step::more) break;
  }
  if (cutting_ && buffer_.size() > bounds_.element)
    return fail(Code::limit, "an element {} is larger than {}", name_,
                to_string(Bytes{bounds_.element}));
  if (!cutting_) TRY_VOID(move_rest(at_));
  return {};
}

// Where the markup at `at_` ends; npos: not in the buffer yet.
Result<std::size_t> Cutter::end_of_markup() const {
  std::string_view text(buffer_);
  auto here = text.substr(at_);
  if (here.size() < cdata.size() && here.starts_with("<!") && !here.starts_with("<!--"))
    return npos;
  if (here.starts_with("<!--")) return after(text.find("-->", at_ + 4), 3);
  if (here.starts_with(cdata)) return after(text.find("]]>", at_ + cdata.size()), 3);
  if (here.starts_with("<?")) return after(text.find("?>", at_ + 2), 2);
  if (here.starts_with("<!")) return fail(Code::corrupt, "the answer has a document type");
  return end_of_tag(text, at_);
}

Result<Cutter::Step> Cutter::step() {
  at_ = buffer_.find('<', at_);
  if (at_ == npos) {
    at_ = buffer_.size();
    return Step::more;
  }
  TRY(auto end, end_of_markup());
  if (end == npos) {
    if (buffer_.size() - at_ > bounds_.markup)
      return fail(Code::limit, "markup of more than {}", to_string(Bytes{bounds_.markup}));
    return Step::more;
  }
  char kind = buffer_[at_ + 1];
  if (kind == '!' || kind == '?') {
    at_ = end;
    return Step::done;
  }
  TRY_VOID(take_tag(end));
  return Step::done;
}

Result<void> Cutter::take_tag(std::size_t end) {
  std::string_view tag(buffer_.data() + at_, end - at_);
  if (tag.size() > 2 && tag[1] == '/') {
    if (--depth_ < 0)
      return fail(Code::corrupt, "the answer ends an element that it has not begun");
    at_ = end;
    return cutting_ && depth_ == cut_depth_ ? emit(end) : Result<void>();
  }
  bool empty = tag.size() > 2 && tag[tag.size() - 2] == '/';
  if (!cutting_ && !name_.empty() && name_of(tag) == name_) {
    auto size = tag.size();
    TRY_VOID(move_rest(at_));
    cutting_ = true;
    cut_depth_ = depth_;
    at_ = end = size;
  }
  at_ = end;
  if (empty) return cutting_ && depth_ == cut_depth_ ? emit(end) : Result<void>();
  if (++depth_ > bounds_.depth)
    return fail(Code::limit, "the answer's elements are more than {} deep", bounds_.depth);
  return {};
}

Result<void> Cutter::emit(std::size_t end) {
  if (++emitted_ > bounds_.elements)
    return fail(Code::limit, "the answer has more than {} elements {}", bounds_.elements, name_);
  if (end > bounds_.element)
    return fail(Code::limit, "an element {} is larger than {}", name_,
                to_string(Bytes{bounds_.element}));
  TRY_VOID(sink_(std::string_view(buffer_).substr(0, end)));
  buffer_.erase(0, end);
  at_ = 0;
  cutting_ = false;
  return {};
}

// What is before `end` belongs to no element that is cut out.
Result<void> Cutter::move_rest(std::size_t end) {
  if (rest_.size() + end > bounds_.rest)
    return fail(Code::limit, "the answer is larger than {}", to_string(Bytes{bounds_.rest}));
  rest_.append(buffer_, 0, end);
  buffer_.erase(0, end);
  at_ = 0;
  return {};
}

Result<std::string> Cutter::finish() {
  if (cutting_ || depth_ != 0 || at_ != buffer_.size())
    return fail(Code::corrupt, "the answer ends in the middle");
  TRY_VOID(move_rest(at_));
  return std::move(rest_);
}

}  // namespace truce::vsphere
