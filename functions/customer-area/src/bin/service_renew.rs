//! The Lambda function of `customer.service.renew`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::service_renew)
}
