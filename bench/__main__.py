from bench.home import main

main()
