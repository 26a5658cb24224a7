//! The Lambda function of `customer.order.cancel`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::order_cancel)
}
