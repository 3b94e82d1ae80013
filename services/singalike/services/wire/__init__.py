"""What both gRPC services share: stages around every call, validation, errors, conversion, uploads."""
