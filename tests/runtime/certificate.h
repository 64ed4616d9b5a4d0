// Self-made certificates for tests of TLS.
#pragma once

#include "tests/catch.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <unistd.h>

namespace pawl::runtime {

// cert.pem and key.pem in a directory of their own, good for the names given as in
// "DNS:localhost,IP:127.0.0.1".
class TestCertificate {
 public:
  explicit TestCertificate(const std::string& names = "DNS:localhost,IP:127.0.0.1",
                           bool expired = false) {
    std::string pattern = std::filesystem::temp_directory_path() / "pawl-tls-XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;

    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -7200);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), expired ? -3600 : 3600);
    X509_set_pubkey(made.get(), key.get());
    X509_NAME* name = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("pawl test"), -1, -1, 0);
    X509_set_issuer_name(made.get(), name);
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    REQUIRE(extension != nullptr);
    X509_add_ext(made.get(), extension, -1);
    X509_EXTENSION_free(extension);
    REQUIRE(X509_sign(made.get(), key.get(), EVP_sha256()) > 0);

    std::FILE* file = std::fopen(certificate().c_str(), "we");
    PEM_write_X509(file, made.get());
    std::fclose(file);
    file = std::fopen(this->key().c_str(), "we");
    PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    file = std::fopen(locked_key().c_str(), "we");
    PEM_write_PrivateKey(file, key.get(), EVP_aes_128_cbc(), nullptr, 0, nullptr,
                         const_cast<char*>("password"));
    std::fclose(file);
    std::ofstream(garbage()) << "this is no certificate\n";
  }
  ~TestCertificate() {
    std::error_code code;
    std::filesystem::remove_all(directory_, code);
  }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  std::string certificate() const { return directory_ + "/cert.pem"; }
  std::string key() const { return directory_ + "/key.pem"; }
  std::string locked_key() const { return directory_ + "/locked.pem"; }  // asks for a password
  std::string garbage() const { return directory_ + "/garbage.pem"; }

 private:
  std::string directory_;
};

}  // namespace pawl::runtime
