//! The Lambda function of `customer.account.register`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::account_register)
}
