//! The Lambda function of `customer.auto-renewal.change`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::auto_renewal_change)
}
