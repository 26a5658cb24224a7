//! The Lambda function of `customer.unlock.by-link`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::unlock_by_link)
}
