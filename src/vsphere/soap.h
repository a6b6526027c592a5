// Calls of vim25 and what answers them, as bytes: no I/O here.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "value.h"

namespace truce::vsphere {

/// A method that is called on an object; `arguments` is XML.
struct Call {
  std::string method;
  Ref self;
  std::string arguments = {};
};

/// The envelope of a call.
std::string envelope(const Call& call);

/// An answer, without what was cut out of it.
class Answer {
 public:
  /// Code::corrupt when it is none; else its fault, as error_of() says it.
  static Result<Answer> read(std::string_view text);

  /// The first `returnval`; nothing where the method answers nothing.
  [[nodiscard]] Value returned() const { return body_["returnval"]; }
  /// All of them.
  [[nodiscard]] Value body() const { return body_; }

 private:
  std::unique_ptr<pugi::xml_document> document_ = std::make_unique<pugi::xml_document>();
  Value body_;
};

/// What a fault means to those above: `kind` is its type's name, `InvalidPowerState`.
Error error_of(std::string_view kind, std::string_view message);

/// The name of the fault that an error was made of by error_of(); empty: it was made otherwise.
std::string_view fault_of(const Error& error);

/// One object in an answer of the PropertyCollector: an ObjectUpdate or an ObjectContent.
struct ObjectUpdate {
  enum class Kind { enter, modify, leave };
  struct Change {
    std::string path;  ///< `config.hardware.device[2000].backing.fileName`
    enum class Op { assign, add, remove } op = Op::assign;  ///< indirectRemove is `remove`
    Value value;
  };
  Ref object;
  Kind kind = Kind::modify;
  std::vector<Change> changes;
  std::unique_ptr<pugi::xml_document> document = std::make_unique<pugi::xml_document>();

  /// Of the property of that path; nothing where it is not told.
  [[nodiscard]] Value value(std::string_view path) const;
};

/// Reads an element `objectSet` (of an UpdateSet) or `objects` (of a RetrieveResult).
Result<ObjectUpdate> read_object(std::string_view element);

}  // namespace truce::vsphere
