// Blobs: the bytes of large objects, as files beside the store.
//
// A blob is written once and never changed. It is on the disk, whole, before the row that names it
// is decided (Writer::finish() syncs the file and its directory), and it is removed after the row
// that named it is durably gone. A crash in between leaves a file that no row names: sweep()
// removes those at the next start.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pawl::connectors::s3 {

// 32 hexadecimal digits, from our own random numbers: never a name that a client chose.
bool is_blob_id(std::string_view id);

class Blobs {
 public:
  // Files go to `directory`, made when the first blob is written. Empty: a temporary directory,
  // which is removed with this object.
  explicit Blobs(std::string directory);
  ~Blobs();
  Blobs(const Blobs&) = delete;
  Blobs& operator=(const Blobs&) = delete;

  // All that follow: on a fiber; they suspend. kIo, kLimit (no space).
  class Writer {
   public:
    ~Writer();  // without finish(): removes the file
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    Status write(std::string_view bytes);
    Status finish();
    const std::string& id() const { return id_; }

   private:
    friend class Blobs;
    Writer(std::string id, std::string path) : id_(std::move(id)), path_(std::move(path)) {}
    std::string id_;
    std::string path_;
    int fd_ = -1;
    bool finished_ = false;
  };
  Result<std::unique_ptr<Writer>> create(const std::string& id);

  // Up to `size` bytes from `offset`. kNotFound: removed meanwhile.
  Result<std::string> read(const std::string& id, std::uint64_t offset, std::size_t size) const;

  // An open file stays readable when its blob is removed. Pass on with care: owns a descriptor.
  class File {
   public:
    explicit File(int fd) : fd_(fd) {}
    ~File();
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    Result<std::string> read(std::uint64_t offset, std::size_t size) const;

   private:
    int fd_;
  };
  Result<std::shared_ptr<File>> open(const std::string& id) const;

  // Does not wait, never suspends.
  void remove(const std::string& id) const;

  // Removes every file whose name `known` does not know. Returns how many.
  Result<std::size_t> sweep(const std::function<bool(const std::string& id)>& known) const;

 private:
  std::string path_of(const std::string& id) const;
  Status make_directory();

  std::string directory_;
  bool temporary_;
  bool made_ = false;
};

}  // namespace pawl::connectors::s3
