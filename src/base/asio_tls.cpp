// Apart from asio.cpp, so that programs without TLS load no OpenSSL.
#include <boost/asio/ssl/impl/src.hpp>
