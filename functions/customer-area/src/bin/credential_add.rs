//! The Lambda function of `customer.credential.add`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::credential_add)
}
