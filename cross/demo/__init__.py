"""`make run`: a real server in a container on an emulated ARM device, told step by step."""
