//! The Lambda function of `customer.ticket.list`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::ticket_list)
}
