//! The Lambda function of `customer.session.open`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::session_open)
}
