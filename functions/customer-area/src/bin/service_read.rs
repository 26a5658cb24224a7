//! The Lambda function of `customer.service.read`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::service_read)
}
