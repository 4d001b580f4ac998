#include <atomic>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>
int main()
{
	std::mutex m;
	std::condition_variable cv;
	std::atomic<long> sum{0};
	int ready = 0;
	std::vector<std::thread> threads;
	for (int i = 0; i < 6; i++)
		threads.emplace_back([&, i] {
			for (int j = 0; j < 2000; j++)
				sum += i * j;
			std::lock_guard<std::mutex> l(m);
			ready++;
			cv.notify_all();
		});
	{
		std::unique_lock<std::mutex> l(m);
		cv.wait(l, [&] { return ready == 6; });
	}
	for (auto &t : threads)
		t.join();
	std::cout << sum << ' ' << ready << std::endl;
	return 0;
}
