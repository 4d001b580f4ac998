import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;

public class Work {
    static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

    public static void main(String[] args) throws Exception {
        System.out.println(fib(22) + " " + IntStream.rangeClosed(1, 1000).filter(i -> i % 3 == 0).sum());
        ExecutorService pool = Executors.newFixedThreadPool(3);
        List<Future<Integer>> fs = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            int n = i;
            fs.add(pool.submit(() -> n * n));
        }
        int sum = 0;
        for (Future<Integer> f : fs)
            sum += f.get();
        pool.shutdown();
        System.out.println(sum);
        try {
            Object o = null;
            o.hashCode();
        } catch (NullPointerException e) {
            System.out.println("caught");
        }
        System.exit(2);
    }
}
