// Between the structs of types.h and JSON. Both directions follow the limits of the schema.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace truce::model {

/// What happens to fields that the schema does not have: requests refuse them (a typing error must
/// not pass for a default); stored values and messages of other versions have them ignored.
enum class Unknown { refuse, ignore };

/// All fields of `object` but the optional ones without a value.
template <class T>
boost::json::value to_json(const T& object);
template <class T>
std::string to_text(const T& object);

/// The same, with those fields of `before`, an older text of the same object, that the schema does
/// not have: a newer release has written them. Also those of objects inside it, but not of what is
/// in arrays, whose places mean nothing.
template <class T>
std::string to_text_over(const T& object, std::string_view before);

/// The struct that `value` describes. Code::invalid with the field's JSON pointer (`/disks/0/size`)
/// and a message that says what was expected; the first mistake ends it.
template <class T>
Result<T> from_json(const boost::json::value& value, Unknown unknown = Unknown::refuse);

/// The same from text. Text longer than `limit` or nested deeper than 32 is refused.
template <class T>
Result<T> from_text(std::string_view text, Unknown unknown = Unknown::refuse,
                    Bytes limit = mib(64));

/// Any JSON text as a value, within the same bounds.
Result<boost::json::value> parse_json(std::string_view text, Bytes limit = mib(64));

}  // namespace truce::model
