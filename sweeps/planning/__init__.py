"""What the questions still miss: jobs, their order and time, what tuning tries next."""
