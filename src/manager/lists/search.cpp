// One search over objects of all kinds: every word must be found somewhere in the object.
#include "api.h"
#include "base/text.h"
#include "lists/filter.h"

namespace truce::manager {
namespace {

constexpr std::size_t longest_text = 200;
constexpr std::size_t most_words = 8;

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (char c : lower_case(text) + ' ') {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

/// Where each word was found in one object; the name is looked at first.
class Looking {
 public:
  Looking(const std::vector<std::string>& words, std::string_view name)
      : words_(words), found_(words.size()), name_(lower_case(name)) {
    for (std::size_t i = 0; i < words.size(); ++i) found_[i] = name_.contains(words[i]);
  }
  void in(std::string_view field, std::string_view text) {
    std::string lowered;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (found_[i]) continue;
      if (lowered.empty()) lowered = lower_case(text);
      if (!lowered.contains(words_[i])) continue;
      found_[i] = true;
      if (field_.empty()) {
        field_ = field;
        text_ = text;
      }
    }
  }
  [[nodiscard]] bool all() const { return std::ranges::all_of(found_, std::identity()); }
  /// The smaller, the better: the name itself, its begin, within it, elsewhere.
  [[nodiscard]] int rank() const {
    if (!field_.empty()) return 3;
    if (name_ == words_.front()) return 0;
    return name_.starts_with(words_.front()) ? 1 : 2;
  }
  [[nodiscard]] const std::string& field() const { return field_; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  const std::vector<std::string>& words_;
  std::vector<char> found_;
  std::string name_, field_, text_;
};

/// What is looked at beside the name.
template <class T>
void look(Looking& looking, const T& object) {
  if constexpr (requires { object.description; }) looking.in("description", object.description);
  if constexpr (requires { object.problem; }) looking.in("problem", object.problem);
  if constexpr (requires { object.project; }) looking.in("project", object.project);
  if constexpr (std::is_same_v<T, model::Vm>) {
    for (const auto& address : object.addresses) looking.in("addresses", address);
    for (const auto& [key, value] : object.labels)
      looking.in("labels", fmt::format("{}={}", key, value));
    for (const auto& nic : object.nics) {
      looking.in("mac", nic.mac);
      looking.in("network", nic.network);
    }
    looking.in("uuid", object.uuid);
    looking.in("template", object.template_);
    looking.in("host", object.host);
  } else if constexpr (std::is_same_v<T, model::Network>) {
    looking.in("subnet", object.subnet);
    looking.in("subnet6", object.subnet6);
  } else if constexpr (std::is_same_v<T, model::Pool>) {
    looking.in("source", object.source);
  } else if constexpr (std::is_same_v<T, model::Task>) {
    looking.in("kind", object.kind);
    looking.in("target", object.target);
  }
}

struct Found {
  int rank;
  std::size_t kind;
  model::SearchHit hit;
};

/// What was found of all kinds, the best first.
class Search {
 public:
  Search(const Rooms& rooms, const Context& context, std::vector<std::string> words)
      : inventory_(rooms.ledger.inventory()), caller_(context.caller), words_(std::move(words)) {}

  template <class T>
  void through() {
    for (const auto& [name, kept] : inventory_.all<T>()) {
      if (!visible(caller_, kept->object)) continue;
      Looking looking(words_, name);
      look(looking, kept->object);
      if (!looking.all()) continue;
      found_.push_back({looking.rank(),
                        kind_,
                        {std::string(folder_of<T>), name, std::string(project_of(kept->object)),
                         looking.field(), looking.text()}});
    }
    ++kind_;
  }

  model::SearchHits best(std::size_t limit) {
    std::ranges::sort(found_, {}, [](const Found& each) {
      return std::tuple(each.rank, each.kind, each.hit.name);
    });
    model::SearchHits hits;
    hits.more = found_.size() > limit;
    if (hits.more) found_.resize(limit);
    for (auto& found : found_) hits.items.push_back(std::move(found.hit));
    return hits;
  }

 private:
  const Inventory& inventory_;
  const access::Caller& caller_;
  std::vector<std::string> words_;
  std::size_t kind_ = 0;
  std::vector<Found> found_;
};

Async<Result<http::Response>> search(Rooms& rooms, const Context& context) {
  const auto* text = context.query("text");
  if (!text || text->size() > longest_text)
    co_return fail_field("?text",
                         fmt::format("is needed, and at most {} bytes long", longest_text));
  auto words = words_of(*text);
  if (words.size() > most_words)
    co_return fail_field("?text", fmt::format("has more than {} words", most_words));
  if (words.empty()) co_return http::json_response(200, model::to_json(model::SearchHits{}));
  Search search(rooms, context, std::move(words));
  search.through<model::Vm>();
  search.through<model::Network>();
  search.through<model::Template>();
  search.through<model::Pool>();
  search.through<model::Host>();
  search.through<model::SecurityGroup>();
  search.through<model::ResourcePool>();
  search.through<model::ConflictClass>();
  search.through<model::Alarm>();
  if (access::unlimited(context.caller)) {
    search.through<model::User>();
    search.through<model::Token>();
  }
  search.through<model::Task>();
  co_return http::json_response(200, model::to_json(search.best(number_of(context, "limit", 30))));
}

}  // namespace

void add_search_handlers(Handlers& handlers) {
  handlers.on(model::Operation::search, search);
}

}  // namespace truce::manager
