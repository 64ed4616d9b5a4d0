// Compiles the fields that only a distributed Map has: ItemReader, ItemBatcher, ResultWriter.
#pragma once

#include "asl/model/definition.h"
#include "asl/parse/fields.h"

#include <optional>

namespace pawl::asl {

class DistributedFields {
 public:
  // `fields`: of the Map state. All must outlive this.
  DistributedFields(const FieldReader& fields, FirstError& first_error, QueryLanguage language)
      : fields_(fields), first_error_(first_error), language_(language) {}

  // Empty: the state has no such field.
  std::optional<ItemReader> item_reader() const;
  std::optional<ItemBatcher> item_batcher() const;
  std::optional<ResultWriter> result_writer() const;

 private:
  // Parameters in JSONPath, Arguments in JSONata.
  Template parameters_of(const FieldReader& part) const;
  std::optional<Resource> resource_of(const FieldReader& part) const;

  const FieldReader& fields_;
  FirstError& first_error_;
  QueryLanguage language_;
};

}  // namespace pawl::asl
