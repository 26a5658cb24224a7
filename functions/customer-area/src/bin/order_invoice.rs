//! The Lambda function of `customer.order.invoice`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::order_invoice)
}
