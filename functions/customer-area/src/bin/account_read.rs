//! The Lambda function of `customer.account.read`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::account_read)
}
